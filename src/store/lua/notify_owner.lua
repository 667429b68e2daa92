-- Notifies the owner of something, once: puts a reply into the lane of their chat.
-- Uses: lanes
-- KEYS: namespace
-- ARGV: notified_ttl (ms), cause (the key of this notification), chat, reply ('' = the owner has no chat: only noted)
-- Returns: 1, or 0 if the owner was notified before
local notified_ttl, notified, chat, element = next_number(), NOTIFIED .. next_text(), next_text(), next_text()
if redis.call('EXISTS', notified) == 1 then
  return 0
end
even_if_full()
if element ~= '' then
  reply(chat_of(chat), element)
  ring('lanes')
end
redis.call('SET', notified, '1', 'PX', notified_ttl)
return 1
