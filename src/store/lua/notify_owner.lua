-- The owner is told something, once: a reply in the lane of their chat.
-- Uses: lanes
-- KEYS: namespace
-- ARGV: told_ttl (ms), once (what tells it apart), chat, reply ('' = there is no such chat: it is only noted)
-- Returns: 1, or 0: they were told before
local told_ttl, told, chat, element = number(), TOLD .. text(), text(), text()
if redis.call('EXISTS', told) == 1 then
  return 0
end
if element ~= '' then
  reply(chat_of(chat), element)
  ring('lanes')
end
redis.call('SET', told, '1', 'PX', told_ttl)
return 1
