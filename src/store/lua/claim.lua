-- Gives the conversations that have waited longest to the workers of a process.
-- KEYS: namespace
-- ARGV: session, process, count, now (ms)
-- Returns per conversation: {chat, id, epoch, rev, received, state or '', name, quiet for (ms; '' = not known), inbox...}
local process, now = ARGV[2], ARGV[4]
local answer = {}
local popped = redis.call('ZPOPMIN', QUEUE, ARGV[3])
for i = 1, #popped, 2 do
  local chat = popped[i]
  local key = CHAT .. chat
  redis.call('ZREM', ANNOUNCE, chat)
  local id, rev, received, state, name, claimed, told, heard =
    unpack(redis.call('HMGET', key, 'id', 'rev', 'received', 'state', 'name', 'claimed', 'told', 'heard'))
  if id then
    local epoch = redis.call('INCR', EPOCH)
    redis.call('HSET', key, 'status', 'active', 'owner', process, 'epoch', epoch, 'claimed', claimed or now)
    redis.call('HSET', ACTIVE, chat, process)
    if told then
      drop_notices(chat)
    end
    record('claimed', 'conversation', id, 'chat', chat, 'process', process, 'at', now)
    local one = redis.call('LRANGE', INBOX .. chat, 0, -1)
    for j, field in ipairs({chat, id, tostring(epoch), rev, received or '0', state or '', name or '', quiet_for(heard)}) do
      table.insert(one, j, field)
    end
    answer[#answer + 1] = one
  end
end
if #answer > 0 then
  -- The line moved: who is first now is told so.
  local head = redis.call('ZRANGE', QUEUE, 0, 0)[1]
  if head then
    redis.call('ZADD', ANNOUNCE, now, head)
    ring('announce')
  end
end
return answer
