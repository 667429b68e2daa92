-- Merges two chats of one person: WhatsApp shows the same person as `@lid` and as `@c.us`, and switches between them. Once
-- the `@c.us` is known, everything is kept under it.
-- Uses: conversations, sent_by_us, owner_takeover

-- When the last message of an inbox arrived.
local function latest(inbox)
  return #inbox > 0 and decoded(inbox[#inbox]).received_at or 0
end

-- The messages of two inboxes in the order of their arrival.
local function merged(first, second)
  local all = {}
  for _, inbox in ipairs({first, second}) do
    for _, message in ipairs(inbox) do
      all[#all + 1] = {decoded(message).received_at or 0, #all, message}
    end
  end
  table.sort(all, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  for i, one in ipairs(all) do all[i] = one[3] end
  return all
end

local function replace_inbox(chat, messages)
  redis.call('DEL', INBOX .. chat)
  for _, message in ipairs(messages) do
    redis.call('RPUSH', INBOX .. chat, message)
  end
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
  local due, due_there = redis.call('ZSCORE', LANES, lid), redis.call('ZSCORE', LANES, chat)
  local attempt, attempt_there = redis.call('HGET', ATTEMPT, lid), redis.call('HEXISTS', ATTEMPT, chat) == 1
  local first_there = redis.call('LINDEX', LANE .. chat, 0)
  local behind = attempt_there
  if not attempt and not attempt_there and first_there and #replies > 0 then
    behind = (decoded(string.sub(first_there, 2)).queued_at or 0) <= (decoded(string.sub(replies[1], 2)).queued_at or 0)
  end
  if not behind then
    for i = #replies, 1, -1 do
      redis.call('LPUSH', LANE .. chat, replies[i])
    end
    if attempt then redis.call('HSET', ATTEMPT, chat, attempt) end
  else
    for _, element in ipairs(replies) do
      redis.call('RPUSH', LANE .. chat, element)
    end
    due = due_there
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
  end
end

-- Merges two conversations under the lower ticket, or moves the only one.
local function merge_conversations(lid, chat)
  local status, ticket, id, process = unpack(redis.call('HMGET', CHAT .. lid, 'status', 'ticket', 'id', 'owner'))
  local status_there, ticket_there, id_there, process_there =
    unpack(redis.call('HMGET', CHAT .. chat, 'status', 'ticket', 'id', 'owner'))
  local open, open_there = status and status ~= 'closed', status_there and status_there ~= 'closed'
  local inbox, inbox_there = redis.call('LRANGE', INBOX .. lid, 0, -1), redis.call('LRANGE', INBOX .. chat, 0, -1)
  redis.call('DEL', INBOX .. lid)
  if not open and #inbox > 0 then
    -- These messages were for the owner. They are kept during the takeover: we may still learn that our sender wrote, not
    -- the owner.
    replace_inbox(chat, merged(inbox_there, inbox))
  end
  if not status then
    return
  end
  if open and (not open_there or latest(inbox) >= latest(inbox_there)) then
    -- A person is answered under the id that they wrote from. If a message of theirs brought both ids, `ingest` corrects
    -- this afterwards.
    redis.call('HSET', ADDRESS, chat, lid)
  end
  if open and open_there then
    local stays = tonumber(ticket_there) < tonumber(ticket)
    local ended, ended_id, ended_process = stays and lid or chat, stays and id or id_there, stays and process or process_there
    record('closed', 'conversation', ended_id, 'chat', chat, 'at', NOW, 'outcome', 'merged', 'variables', '{}')
    unlist(ended)
    redis.call('DEL', CHAT .. ended)
    ring_process(ended_process, ended)
    if stays then
      if status_there == 'active' then
        -- Its process may be about to consume the first messages: the others go behind them.
        for _, message in ipairs(inbox) do
          redis.call('RPUSH', INBOX .. chat, message)
        end
        if #inbox > 0 then redis.call('SADD', UNREAD, chat) end
        ring_process(process_there, chat)
        return
      end
      -- An announcer that looked just now saw another inbox. With another `waiting_since`, its result is ignored.
      local since, opened = unpack(redis.call('HMGET', CHAT .. chat, 'waiting_since', 'opened'))
      redis.call('HDEL', CHAT .. chat, 'examined')
      redis.call('HSET', CHAT .. chat, 'waiting_since', string.format('%.0f', (since or opened) + 1))
      redis.call('ZADD', ANNOUNCE, NOW, chat)
      -- Within the same millisecond, messages of the older conversation come first.
      inbox, inbox_there = inbox_there, inbox
    end
  elseif open_there or not open then
    -- The conversation under `lid` was closed for silence, and only kept to be resumed.
    if not status_there then
      redis.call('RENAME', CHAT .. lid, CHAT .. chat)
    else
      redis.call('DEL', CHAT .. lid)
    end
    return
  end
  replace_inbox(chat, merged(inbox, inbox_there))
  if redis.call('EXISTS', CHAT .. lid) == 1 then
    -- The conversation under `lid` stays and moves to `chat`. If a worker had it, it goes back to the line, under its old
    -- ticket.
    local handoff_due, unnotified = redis.call('ZSCORE', HANDOFF_DUE, lid), redis.call('SISMEMBER', HANDOFF_UNNOTIFIED, lid)
    unlist(lid)
    redis.call('DEL', CHAT .. chat)
    redis.call('RENAME', CHAT .. lid, CHAT .. chat)
    redis.call('HDEL', CHAT .. chat, 'examined')
    if status == 'active' then
      requeue(chat, id, ticket)
      ring_process(process, lid)
    else
      redis.call('ZADD', status == 'handoff' and HANDOFF or QUEUE, ticket, chat)
      if unnotified == 1 then redis.call('SADD', HANDOFF_UNNOTIFIED, chat) end
      if handoff_due then redis.call('ZADD', HANDOFF_DUE, handoff_due, chat) end
      redis.call('ZADD', ANNOUNCE, NOW, chat)
    end
    ring('queue')
  end
end

-- Notes that both ids are one person, and merges their chats. Not while replies to both are on their way: two senders can't
-- share one lane, so it is tried again later. Returns whether the ids are known as one person now.
local function merge_chats(lid, chat)
  if redis.call('HGET', ALIAS, lid) == chat then
    return true
  end
  local function under_way(one)
    return redis.call('HEXISTS', SENDING, one) == 1 or redis.call('HEXISTS', ATTEMPT, one) == 1
  end
  if under_way(lid) and under_way(chat) then
    redis.call('ZADD', UNMAPPED, NOW + 1000, lid)
    return false
  end
  -- If a takeover's time is over but nobody has ended it yet, it ends here: it must not spread to the other chat.
  taken_over_until(lid)
  taken_over_until(chat)
  redis.call('HSET', ALIAS, lid, chat)
  redis.call('ZREM', UNMAPPED, lid)
  record('alias', 'lid', lid, 'chat', chat, 'at', NOW)
  if redis.call('SREM', KNOWN, lid) == 1 and redis.call('SADD', KNOWN, chat) == 1 then
    redis.call('HSET', ADDRESS, chat, lid)
  end
  for _, echo in ipairs(redis.call('LRANGE', UNCLAIMED .. lid, 0, -1)) do
    redis.call('RPUSH', UNCLAIMED .. chat, echo)
    redis.call('PEXPIRE', UNCLAIMED .. chat, UNCLAIMED_FOR)
  end
  redis.call('DEL', UNCLAIMED .. lid)
  merge_lanes(lid, chat)
  merge_conversations(lid, chat)
  merge_takeovers(lid, chat)
  return true
end

local function is_lid(id)
  return string.sub(id, -4) == '@lid'
end

-- The chat of the person with the id `from`, and with the other id `other` if the event has it ('' = not).
local function chat_of_person(from, other)
  if other ~= '' and is_lid(from) ~= is_lid(other) then
    local lid, chat = from, other
    if is_lid(other) then lid, chat = other, from end
    return merge_chats(lid, chat) and chat or from
  end
  return chat_of(from)
end
