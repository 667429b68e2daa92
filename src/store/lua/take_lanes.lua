-- Gives due lanes to the sender of a process, each with its first reply.
-- KEYS: namespace
-- ARGV: session, process, count, now (ms)
-- Returns: '1' if the session is paused, else '', then per lane: chat, element, token
if redis.call('EXISTS', PAUSED) == 1 then
  return {'1'}
end
local answer = {''}
for _, chat in ipairs(redis.call('ZRANGEBYSCORE', LANES, '-inf', ARGV[4], 'LIMIT', 0, ARGV[3])) do
  local element = redis.call('LINDEX', LANE .. chat, 0)
  if element then
    answer[#answer + 1] = chat
    answer[#answer + 1] = element
    answer[#answer + 1] = take_lane(chat, ARGV[2])
  else
    redis.call('ZREM', LANES, chat)
  end
end
return answer
