-- A conversation as it stands, with its inbox, at one moment: the number of the last message received belongs to the last
-- one in the inbox only if both are read together.
-- KEYS: namespace
-- ARGV: session, chat
-- Returns: owner, id, epoch, rev, received, state, name ('' = not set), quiet for (ms; '' = not known), opened (ms), then the inbox
local chat = ARGV[2]
local answer = redis.call('LRANGE', INBOX .. chat, 0, -1)
local fields = redis.call('HMGET', CHAT .. chat, 'owner', 'id', 'epoch', 'rev', 'received', 'state', 'name')
for i = 1, 7 do
  table.insert(answer, i, fields[i] or '')
end
table.insert(answer, 8, quiet_for(redis.call('HGET', CHAT .. chat, 'heard')))
table.insert(answer, 9, redis.call('HGET', CHAT .. chat, 'opened') or '0')
return answer
