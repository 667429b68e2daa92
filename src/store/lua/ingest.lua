-- Stores inbound messages of one session. Each opens or continues a conversation, once.
-- Uses: conversations, owner_takeover, limits, merge_chats, unseen
-- KEYS: namespace
-- ARGV: seen_ttl (ms), inbox_max, then per message: message id, from, other_id (the sender's other id, '' = not known), name, message
--       (JSON), opens ('' = it opens no conversation), phone_quiet (ms), words (as `note_answer` compares them), limits ('' = none, else
--       "conversations replies answers time", as `read_limits` reads them)
-- Returns per message: 'queued' | 'active' | 'duplicate' | 'full' (only recorded, because too many messages are not consumed yet:
--       the first such message of its conversation) | 'recorded' (the next such messages, and those that open no conversation) |
--       'phone' (the owner answers from their own phone) | 'limit' (the bot leaves this chat alone), position (0 unless queued)
local seen_ttl, inbox_max = next_number(), next_number()
local answer, received_at = {}, string.format('%.0f', redis_time())
while has_more() do
  local message_id, from, other_id, name = next_text(), next_text(), next_text(), next_text()
  local message, opens, phone_quiet, words, limits = next_text(), next_text() ~= '', next_number(), next_text(), next_text()
  local seen = SEEN .. 'in:' .. message_id
  local result, position = 'duplicate', 0
  if redis.call('EXISTS', seen) == 0 then
    local chat = chat_of_person(from, other_id)
    local for_owner = take_for_owner(chat, message, phone_quiet, inbox_max)
    local status, id, process = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'id', 'owner'))
    if for_owner then
      result = 'phone'
    elseif not opens and (not status or status == 'closed') then
      result, id = 'recorded', ''
    elseif is_left_alone(chat, name, status, words, limits) then
      result = 'limit'
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
          -- It may be a word for the queue: the announcer looks at once.
          redis.call('ZADD', LOOK_AT, NOW, chat)
          ring('announce')
        else
          id = open(chat, name, status)
        end
        position = redis.call('ZRANK', status == 'handoff' and HANDOFF or QUEUE, chat) + 1
      end
      redis.call('HSET', CHAT .. chat, 'heard', received_at)
      note_unseen(chat, from, message_id, received_at)
      if result == 'active' then ring_process(process, chat) end
    end
    -- A person is answered under the id that they wrote from. This comes after the message is stored: a full Redis can
    -- refuse only the first write of a script, and only if it needs memory. HDEL needs none.
    if chat ~= from then
      redis.call('HSET', ADDRESS, chat, from)
    else
      redis.call('HDEL', ADDRESS, chat)
      if is_lid(chat) then redis.call('ZADD', LIDS_TO_ASK, 'NX', NOW, chat) end
    end
    record_under(chat, from, 'message', 'conversation', id or '', 'data', message)
    if result == 'limit' then close_at_limit(chat) end
    -- Last, so that no message is marked as seen without being stored.
    redis.call('SET', seen, '1', 'PX', seen_ttl)
  end
  answer[#answer + 1] = result
  answer[#answer + 1] = position
end
return answer
