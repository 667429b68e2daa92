-- Puts dead letters back at the end of their chats' lanes, in the given order.
-- Uses: lanes
-- KEYS: namespace
-- ARGV: per reply: id (of its entry in `dead`), element (the reply to try again)
-- Returns per reply: 1, or 0 if it is no longer in `dead`
local answer, found_any = {}, false
while has_more() do
  local id, element = next_text(), next_text()
  local found = 0
  local entry = redis.call('XRANGE', DEAD, id, id)[1]
  if entry then
    local fields = entry[2]
    for j = 1, #fields, 2 do
      if fields[j] == 'chat' then
        reply(chat_of(fields[j + 1]), element)
        found, found_any = 1, true
      end
    end
    redis.call('XDEL', DEAD, id)
  end
  answer[#answer + 1] = found
end
if found_any then
  ring('lanes')
end
return answer
