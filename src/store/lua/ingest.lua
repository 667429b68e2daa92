-- Takes inbound messages of one session: each opens or continues a conversation, once.
-- KEYS: namespace
-- ARGV: session, now (ms), seen_ttl (ms), first_notice_after (ms), then per message: stanza, chat, name, message (JSON)
-- Returns per message: 'queued' | 'active' | 'duplicate', position (0 unless queued)
local now, seen_ttl, first_notice_after = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local answer = {}
for i = 5, #ARGV, 4 do
  local stanza, chat, name, message = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local seen = SEEN .. 'in:' .. stanza
  local result, position = 'duplicate', 0
  if redis.call('EXISTS', seen) == 0 then
    local status, id, owner = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'id', 'owner'))
    redis.call('RPUSH', INBOX .. chat, message)
    if status == 'active' then
      result = 'active'
      redis.call('SADD', UNREAD, chat)
    else
      result = 'queued'
      if status == 'waiting' then
        -- Perhaps a word for the queue: the announcer looks at once.
        redis.call('ZADD', ANNOUNCE, now, chat)
        ring('announce')
      else
        id = open(chat, name, now, first_notice_after, status)
      end
      position = redis.call('ZRANK', QUEUE, chat) + 1
    end
    local number = redis.call('HINCRBY', CHAT .. chat, 'received', 1)
    if result == 'active' then
      -- The copy spares the owner a look where the number shows that it missed none; the inbox is what counts.
      ring('process:' .. owner, table.concat({SESSION, chat, id, number, message}, ' '))
    end
    record('message', 'conversation', id, 'data', message)
    -- Last, so that a message is never marked as taken when it was not stored.
    redis.call('SET', seen, '1', 'PX', seen_ttl)
  end
  answer[#answer + 1] = result
  answer[#answer + 1] = position
end
return answer
