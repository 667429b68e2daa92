-- Gives due lanes to the sender of a process, each with its first reply.
-- KEYS: namespace
-- ARGV: session, process, count, now (ms)
-- Returns: '1' if the session is paused, else '', then per lane: chat, element
if redis.call('EXISTS', PAUSED) == 1 then
  return {'1'}
end
local answer = {''}
for _, chat in ipairs(redis.call('ZRANGEBYSCORE', LANES, '-inf', ARGV[4], 'LIMIT', 0, ARGV[3])) do
  redis.call('ZREM', LANES, chat)
  local element = redis.call('LINDEX', LANE .. chat, 0)
  if element then
    redis.call('HSET', SENDING, chat, ARGV[2])
    answer[#answer + 1] = chat
    answer[#answer + 1] = element
  end
end
return answer
