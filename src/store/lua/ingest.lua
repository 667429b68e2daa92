-- Takes inbound messages of one session: each opens or continues a conversation, once.
-- KEYS: namespace
-- ARGV: session, now (ms), seen_ttl (ms), first_notice_after (ms), inbox_max, then per message: stanza, from, other ('' = the
--       sender's other id is not told), name, message (JSON), opens ('' = it opens no conversation), phone_quiet (ms)
-- Returns per message: 'queued' | 'active' | 'duplicate' | 'full' (the first of a conversation that was only recorded, because
--       too many are not consumed yet) | 'recorded' (the next such ones, and what opens none) | 'phone' (the owner answers from
--       their own phone), position (0 unless queued)
local now, seen_ttl, first_notice_after, inbox_max = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local answer, heard = {}, string.format('%.0f', time())
for i = 6, #ARGV, 7 do
  local stanza, from, name, message, opens = ARGV[i], ARGV[i + 1], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5] ~= ''
  local seen = SEEN .. 'in:' .. stanza
  local result, position = 'duplicate', 0
  if redis.call('EXISTS', seen) == 0 then
    local chat = person(from, ARGV[i + 2], now, first_notice_after)
    local phone = phone_hears(chat, message, tonumber(ARGV[i + 6]), inbox_max, now, first_notice_after)
    local status, id, owner = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'id', 'owner'))
    if phone then
      result = 'phone'
    elseif not opens and (not status or status == 'closed') then
      result, id = 'recorded', ''
    elseif redis.call('LLEN', INBOX .. chat) >= inbox_max then
      result = redis.call('HSETNX', CHAT .. chat, 'full', 1) == 1 and 'full' or 'recorded'
    else
      redis.call('RPUSH', INBOX .. chat, message)
      if status == 'active' then
        result = 'active'
        redis.call('SADD', UNREAD, chat)
      else
        result = 'queued'
        if status == 'waiting' or status == 'handoff' then
          -- Perhaps a word for the queue: the announcer looks at once.
          redis.call('ZADD', ANNOUNCE, now, chat)
          ring('announce')
        else
          id = open(chat, name, now, first_notice_after, status)
        end
        position = redis.call('ZRANK', status == 'handoff' and HANDOFF or QUEUE, chat) + 1
      end
      local number = redis.call('HINCRBY', CHAT .. chat, 'received', 1)
      redis.call('HSET', CHAT .. chat, 'heard', heard)
      if result == 'active' then
        -- The copy spares the owner a look where the number shows that it missed none; the inbox is what counts.
        ring('process:' .. owner, table.concat({SESSION, chat, id, number, message}, ' '))
      end
    end
    -- A person is answered under the id that they wrote from. Not before the message is stored: a Redis that is full refuses
    -- the first write of a script, if that can take room, and none after.
    if chat ~= from then
      redis.call('HSET', ADDRESS, chat, from)
    else
      redis.call('HDEL', ADDRESS, chat)
      if is_lid(chat) then redis.call('ZADD', UNMAPPED, 'NX', now, chat) end
    end
    record_under(chat, from, 'message', 'conversation', id or '', 'data', message)
    -- Last, so that a message is never marked as taken when it was not stored.
    redis.call('SET', seen, '1', 'PX', seen_ttl)
  end
  answer[#answer + 1] = result
  answer[#answer + 1] = position
end
return answer
