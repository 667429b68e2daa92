-- What WAHA answered about the `@lid` of persons: their `@c.us`, or nothing.
-- KEYS: namespace
-- ARGV: session, now (ms), first_notice_after (ms), again_after (ms), then per person: lid, chat ('' = WAHA does not know)
-- Returns: how many chats are known to be one from now on
local now, first_notice_after, again_after = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local learnt = 0
for i = 5, #ARGV, 2 do
  local lid, chat = ARGV[i], ARGV[i + 1]
  if chat ~= '' then
    if person(lid, chat, now, first_notice_after) == chat then learnt = learnt + 1 end
  elseif redis.call('EXISTS', CHAT .. lid) == 1 then
    redis.call('ZADD', UNMAPPED, now + again_after, lid)
  else
    -- Asked again when they write again.
    redis.call('ZREM', UNMAPPED, lid)
  end
end
return learnt
