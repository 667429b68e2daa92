-- Puts replies that were given up on back at the end of their chats' lanes, in the order given.
-- KEYS: namespace
-- ARGV: session, now (ms), then per reply: id (of its entry in `dead`), element (the reply as it is to be tried again)
-- Returns per reply: 1, or 0 if it is not in `dead` any more
local now = tonumber(ARGV[2])
local answer, revived = {}, false
for i = 3, #ARGV, 2 do
  local id, element = ARGV[i], ARGV[i + 1]
  local found = 0
  local entry = redis.call('XRANGE', DEAD, id, id)[1]
  if entry then
    local fields = entry[2]
    for j = 1, #fields, 2 do
      if fields[j] == 'chat' then
        reply(chat_of(fields[j + 1]), element, now)
        found, revived = 1, true
      end
    end
    redis.call('XDEL', DEAD, id)
  end
  answer[#answer + 1] = found
end
if revived then
  ring('lanes')
end
return answer
