-- Gives due lanes to the sender of a process, each with its first reply.
-- KEYS: namespace
-- ARGV: session, process, count, now (ms)
-- Returns: '1' if the session is paused, else '', then per lane: chat, element, token, doubt (of an earlier attempt on the
--       element, or ''), address (the id to send to, or '' if that is the chat)
if redis.call('EXISTS', PAUSED) == 1 then
  return {'1'}
end
local answer = {''}
for _, chat in ipairs(redis.call('ZRANGEBYSCORE', LANES, '-inf', ARGV[4], 'LIMIT', 0, ARGV[3])) do
  local element, doubt, address = first_reply(chat, tonumber(ARGV[4]))
  if element ~= '' then
    for _, field in ipairs({chat, element, take_lane(chat, ARGV[2]), doubt, address}) do
      answer[#answer + 1] = field
    end
  else
    redis.call('ZREM', LANES, chat)
  end
end
return answer
