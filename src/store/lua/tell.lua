-- The owner is told something, once: a reply in the lane of their chat.
-- KEYS: namespace
-- ARGV: session, now (ms), told_ttl (ms), once (what tells it apart), chat, reply ('' = there is no such chat: it is only noted)
-- Returns: 1, or 0: they were told before
local now, told, element = tonumber(ARGV[2]), TOLD .. ARGV[4], ARGV[6]
if redis.call('EXISTS', told) == 1 then
  return 0
end
if element ~= '' then
  reply(chat_of(ARGV[5]), element, now)
  ring('lanes')
end
redis.call('SET', told, '1', 'PX', ARGV[3])
return 1
