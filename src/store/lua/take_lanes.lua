-- Gives due lanes to the sender of a process, each with its first reply.
-- Uses: lanes
-- KEYS: namespace
-- ARGV: process, count
-- Returns: '1' if the session is paused, else '', then per lane: chat, element, token, doubt (the earlier attempt on the element
--       that is in doubt, or ''), address (the id to send to, or '' if that is the chat)
local process, count = next_text(), next_number()
if is_paused() then
  return {'1'}
end
local answer = {''}
even_if_full()
for _, chat in ipairs(redis.call('ZRANGEBYSCORE', LANES, '-inf', NOW, 'LIMIT', 0, count)) do
  local element, doubt, address = first_reply(chat)
  if element ~= '' then
    for _, field in ipairs({chat, element, take_lane(chat, process), doubt, address}) do
      answer[#answer + 1] = field
    end
  else
    redis.call('ZREM', LANES, chat)
  end
end
return answer
