-- The owner is told something, once: a reply in the lane of their chat.
-- Uses: lanes
-- KEYS: namespace
-- ARGV: notified_ttl (ms), once (what tells it apart), chat, reply ('' = there is no such chat: it is only noted)
-- Returns: 1, or 0: they were told before
local notified_ttl, notified, chat, element = number(), NOTIFIED .. text(), text(), text()
if redis.call('EXISTS', notified) == 1 then
  return 0
end
if element ~= '' then
  reply(chat_of(chat), element)
  ring('lanes')
end
redis.call('SET', notified, '1', 'PX', notified_ttl)
return 1
