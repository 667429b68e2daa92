-- Merges two chats of one person: WhatsApp shows the same person as `@lid` and as `@c.us`, and switches between them. Once
-- the `@c.us` is known, everything is kept under it.
-- Uses: inbox, conversations, sent_by_us, owner_takeover, message_changes, limits, unseen, lines

-- When the last message of an inbox arrived.
local function latest(inbox)
  return #inbox > 0 and decode(inbox[#inbox]).received_at or 0
end

-- The messages of two inboxes in the order of their arrival. A single inbox has it already; a message whose content came later
-- keeps its place there.
local function merged(first, second)
  if #first == 0 then return second end
  if #second == 0 then return first end
  local all = {}
  for _, inbox in ipairs({first, second}) do
    for _, message in ipairs(inbox) do
      all[#all + 1] = {decode(message).received_at or 0, #all, message}
    end
  end
  table.sort(all, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  for i, one in ipairs(all) do all[i] = one[3] end
  return all
end

-- Puts the replies of both lanes into one. The lane whose first reply may be on its way comes first; otherwise the lane
-- that has waited longer.
local function merge_lanes(lid, chat)
  local replies = redis.call('LRANGE', LANE .. lid, 0, -1)
  local token = redis.call('HGET', SENDING, lid)
  if #replies == 0 and not token then
    return
  end
  token = token or redis.call('HGET', SENDING, chat)
  local due, chat_due = redis.call('ZSCORE', LANES, lid), redis.call('ZSCORE', LANES, chat)
  local attempt, chat_has_attempt = redis.call('HGET', ATTEMPT, lid), redis.call('HEXISTS', ATTEMPT, chat) == 1
  local chat_first = redis.call('LINDEX', LANE .. chat, 0)
  local lid_goes_last = chat_has_attempt
  if not attempt and not chat_has_attempt and chat_first and #replies > 0 then
    lid_goes_last = (decode(string.sub(chat_first, 2)).queued_at or 0) <= (decode(string.sub(replies[1], 2)).queued_at or 0)
  end
  if not lid_goes_last then
    for i = #replies, 1, -1 do
      redis.call('LPUSH', LANE .. chat, replies[i])
    end
    if attempt then redis.call('HSET', ATTEMPT, chat, attempt) end
  else
    for _, element in ipairs(replies) do
      redis.call('RPUSH', LANE .. chat, element)
    end
    due = chat_due
  end
  redis.call('DEL', LANE .. lid)
  redis.call('HDEL', ATTEMPT, lid)
  redis.call('HDEL', SENDING, lid)
  redis.call('ZREM', LANES, lid)
  if token then
    -- The sender that holds one of them continues with both.
    redis.call('HSET', SENDING, chat, token)
    redis.call('ZREM', LANES, chat)
  else
    redis.call('ZADD', LANES, due or NOW, chat)
    ring_due()
  end
end

-- Merges two conversations under the lower ticket, or moves the only one. One that an agent holds stays.
local function merge_conversations(lid, chat)
  local status, ticket, id, process = unpack(redis.call('HMGET', CHAT .. lid, 'status', 'ticket', 'id', 'owner'))
  local chat_status, chat_ticket, chat_conversation, chat_process =
    unpack(redis.call('HMGET', CHAT .. chat, 'status', 'ticket', 'id', 'owner'))
  local open, chat_open = status and status ~= 'closed', chat_status and chat_status ~= 'closed'
  local inbox, chat_inbox = redis.call('LRANGE', INBOX .. lid, 0, -1), redis.call('LRANGE', INBOX .. chat, 0, -1)
  clear_inbox(lid)
  if not open and #inbox > 0 then
    -- These messages were for the owner. They are kept during the takeover: we may still learn that our sender wrote, not
    -- the owner.
    replace_inbox(chat, merged(chat_inbox, inbox))
  end
  if not status then
    return
  end
  if open and (not chat_open or latest(inbox) >= latest(chat_inbox)) then
    -- A person is answered under the id that they wrote from. If a message of theirs brought both ids, `ingest` corrects
    -- this afterwards.
    redis.call('HSET', ADDRESS, chat, lid)
  end
  if open and chat_open then
    local chat_stays = tonumber(chat_ticket) < tonumber(ticket)
    if (chat_status == 'agent') ~= (status == 'agent') then chat_stays = chat_status == 'agent' end
    local ended, ended_id = chat_stays and lid or chat, chat_stays and id or chat_conversation
    local ended_process = chat_stays and process or chat_process
    redis.call('HSET', CHAT .. (chat_stays and chat or lid), 'ticket', math.min(ticket, chat_ticket))
    record('closed', 'conversation', ended_id, 'chat', chat, 'at', NOW, 'outcome', 'merged', 'variables', '{}')
    unlist(ended)
    redis.call('DEL', CHAT .. ended)
    ring_process(ended_process, ended)
    if chat_stays then
      if chat_status == 'active' or chat_status == 'agent' then
        -- Its process may be about to consume the first messages, and its agent has seen them: the others go behind them.
        for _, message in ipairs(inbox) do
          push_unread(chat, message)
        end
        if #inbox > 0 and chat_status == 'active' then redis.call('SADD', UNREAD, chat) end
        if #inbox > 0 and chat_status == 'agent' then redis.call('ZADD', HELD_SINCE, 'NX', NOW, chat) end
        ring_process(chat_process, chat)
        return
      end
      -- An announcer that looked just now saw another inbox. With another `waiting_since`, its result is ignored.
      local since, opened = unpack(redis.call('HMGET', CHAT .. chat, 'waiting_since', 'opened'))
      redis.call('HDEL', CHAT .. chat, 'examined')
      redis.call('HSET', CHAT .. chat, 'waiting_since', string.format('%.0f', (since or opened) + 1))
      redis.call('ZADD', LOOK_AT, NOW, chat)
      -- Within the same millisecond, messages of the older conversation come first.
      inbox, chat_inbox = chat_inbox, inbox
    end
  elseif chat_open or not open then
    -- The conversation under `lid` was closed for silence, and only kept to be resumed.
    if not chat_status then
      redis.call('RENAME', CHAT .. lid, CHAT .. chat)
    else
      redis.call('DEL', CHAT .. lid)
    end
    return
  end
  if status == 'agent' and redis.call('EXISTS', CHAT .. lid) == 1 then
    -- The agent has seen the first messages: the others go behind them.
    for _, message in ipairs(chat_inbox) do inbox[#inbox + 1] = message end
    replace_inbox(chat, inbox)
  else
    replace_inbox(chat, merged(inbox, chat_inbox))
  end
  if redis.call('EXISTS', CHAT .. lid) == 1 then
    -- The conversation under `lid` stays and moves to `chat`. If a worker had it, it goes back to the line, under its old
    -- ticket.
    local handoff_due, unnotified = redis.call('ZSCORE', HANDOFF_DUE, lid), redis.call('SISMEMBER', HANDOFF_UNNOTIFIED, lid)
    local held, held_since = redis.call('HGET', HELD, lid), redis.call('ZSCORE', HELD_SINCE, lid)
    if status == 'agent' and #chat_inbox > 0 then held_since = held_since or NOW end
    unlist(lid)
    redis.call('DEL', CHAT .. chat)
    redis.call('RENAME', CHAT .. lid, CHAT .. chat)
    redis.call('HDEL', CHAT .. chat, 'examined')
    if status == 'active' then
      requeue(chat, id)
      ring_process(process, lid)
    elseif status == 'agent' then
      redis.call('HSET', HELD, chat, held)
      if held_since then redis.call('ZADD', HELD_SINCE, held_since, chat) end
    elseif status ~= 'phone' then
      stand_in_line(chat, line_of(status, redis.call('HGET', CHAT .. chat, 'team')))
      if unnotified == 1 then redis.call('SADD', HANDOFF_UNNOTIFIED, chat) end
      if handoff_due then redis.call('ZADD', HANDOFF_DUE, handoff_due, chat) end
      redis.call('ZADD', LOOK_AT, NOW, chat)
    end
    ring('queue')
  end
end

-- What we know of a customer under both ids: what the flow remembered under either, and how the later conversation ended.
local function merge_contacts(lid, chat)
  if redis.call('EXISTS', RATING .. lid) == 1 and redis.call('RENAMENX', RATING .. lid, RATING .. chat) == 0 then
    redis.call('DEL', RATING .. lid)
  end
  local of_lid, of_chat = CONTACT .. lid, CONTACT .. chat
  if redis.call('EXISTS', of_lid) == 0 or redis.call('RENAMENX', of_lid, of_chat) == 1 then
    return
  end
  local known, last_at, last_outcome = unpack(redis.call('HMGET', of_lid, 'known', 'last_at', 'last_outcome'))
  if known then
    local both = decode(known)
    for name, value in pairs(decode(redis.call('HGET', of_chat, 'known') or '')) do both[name] = value end
    redis.call('HSET', of_chat, 'known', cjson.encode(both))
  end
  if tonumber(last_at or 0) > tonumber(redis.call('HGET', of_chat, 'last_at') or 0) then
    redis.call('HSET', of_chat, 'last_at', last_at, 'last_outcome', last_outcome)
  end
  redis.call('DEL', of_lid)
end

-- Notes that both ids are one person, and merges their chats. Not while replies to both are on their way: two senders can't
-- share one lane, so it is tried again later. Returns whether the ids are known as one person now.
local function merge_chats(lid, chat)
  if redis.call('HGET', PHONE_ID_OF, lid) == chat then
    return true
  end
  local function being_sent(one)
    return redis.call('HEXISTS', SENDING, one) == 1 or redis.call('HEXISTS', ATTEMPT, one) == 1
  end
  if being_sent(lid) and being_sent(chat) then
    redis.call('ZADD', LIDS_TO_ASK, NOW + 1000, lid)
    return false
  end
  -- If a takeover's time is over but nobody has ended it yet, it ends here: it must not spread to the other chat.
  taken_over_until(lid)
  taken_over_until(chat)
  redis.call('HSET', PHONE_ID_OF, lid, chat)
  redis.call('ZREM', LIDS_TO_ASK, lid)
  record('alias', 'lid', lid, 'chat', chat, 'at', NOW)
  if redis.call('SREM', KNOWN, lid) == 1 and redis.call('SADD', KNOWN, chat) == 1 then
    redis.call('HSET', ADDRESS, chat, lid)
  end
  for _, echo in ipairs(redis.call('LRANGE', EXPECTED_ECHOES .. lid, 0, -1)) do
    redis.call('RPUSH', EXPECTED_ECHOES .. chat, echo)
    redis.call('PEXPIRE', EXPECTED_ECHOES .. chat, EXPECTED_ECHO_TTL)
  end
  redis.call('DEL', EXPECTED_ECHOES .. lid)
  merge_unseen(lid, chat)
  merge_lanes(lid, chat)
  local newest = math.max(tonumber(redis.call('HGET', CHAT .. lid, 'newest') or 0), tonumber(redis.call('HGET', CHAT .. chat, 'newest') or 0))
  merge_conversations(lid, chat)
  if newest > 0 and redis.call('EXISTS', CHAT .. chat) == 1 then
    redis.call('HSET', CHAT .. chat, 'newest', string.format('%.0f', newest))
  end
  keep_later(HEARD_UNTIL, lid, chat)
  merge_contacts(lid, chat)
  merge_limits(lid, chat)
  merge_takeovers(lid, chat)
  merge_changes(lid, chat)
  return true
end

-- The chat of the person with the id `from`, and their other id `other_id` if the event has it ('' = not).
local function chat_of_person(from, other_id)
  if other_id ~= '' and is_lid(from) ~= is_lid(other_id) then
    local lid, chat = from, other_id
    if is_lid(other_id) then lid, chat = other_id, from end
    return merge_chats(lid, chat) and chat or from
  end
  return chat_of(from)
end
