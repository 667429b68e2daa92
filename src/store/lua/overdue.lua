-- What ends by time alone: that the owner answers from their own phone, and the wait for a person who did not come.
-- KEYS: namespace
-- ARGV: session, now (ms), first_notice_after (ms), count
-- Returns: how many chats the owner left, how many conversations go on without a person
local now, first_notice_after = tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('EXISTS', PAUSED) == 1 then
  -- Who can't be heard is not silent.
  return {0, 0}
end
local left = redis.call('ZRANGEBYSCORE', PHONE, '-inf', now, 'LIMIT', 0, ARGV[4])
for _, chat in ipairs(left) do
  phone_ends(chat, now, first_notice_after)
end
local alone = redis.call('ZRANGEBYSCORE', HANDOFF_DUE, '-inf', now, 'LIMIT', 0, ARGV[4])
for _, chat in ipairs(alone) do
  local status, id, ticket = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'id', 'ticket'))
  unlist(chat)
  if status == 'handoff' then
    requeue(chat, id, ticket, now, first_notice_after)
  end
end
if #alone > 0 then
  tell_head(HANDOFF, now)
  ring('queue')
end
return {#left, #alone}
