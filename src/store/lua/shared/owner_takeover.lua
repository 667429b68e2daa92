-- The owner takes over a chat: they answer it from their own phone.
-- Uses: inbox, conversations, lanes, seen, sent_by_us, limits, lines

-- Why the bot's replies are not sent.
local OWNER_ANSWERS = 'the owner answers from their own phone'

-- Drops the bot's replies that are not sent yet, except one that may be on its way. `who`: the person who answers now. What an
-- agent said is still sent.
local function drop_unsent(chat, who)
  local being_sent = redis.call('HEXISTS', SENDING, chat)
  for place, element in ipairs(redis.call('LRANGE', LANE .. chat, being_sent, -1)) do
    if not is_agents(element) then
      local in_doubt = place == 1 and being_sent == 0 and redis.call('HDEL', ATTEMPT, chat) == 1
      if in_doubt then expect_echo(chat, element) end
      record_unsent(chat, element, in_doubt, who)
      redis.call('LREM', LANE .. chat, -1, element)
    end
  end
  if redis.call('EXISTS', LANE .. chat) == 0 then redis.call('ZREM', LANES, chat) end
end

-- The owner answers this chat until `takeover_until`, or longer if more is written. An open conversation gets the status
-- 'phone': it leaves its worker and the line, and gets no more notices. One that an agent holds stays with the agent.
local function take_over(chat, takeover_until)
  local key = CHAT .. chat
  local status, id, process, team = unpack(redis.call('HMGET', key, 'status', 'id', 'owner', 'team'))
  if status == 'agent' then
    -- One person answers it already.
    redis.call('ZREM', TAKEOVER_UNTIL, chat)
    redis.call('HDEL', OWNER_WROTE_AT, chat)
    return
  end
  if redis.call('ZADD', TAKEOVER_UNTIL, takeover_until, chat) == 1 then ring_due() end
  end_left_alone(chat)
  drop_unsent(chat, OWNER_ANSWERS)
  if not status or status == 'closed' then
    return
  end
  local due = redis.call('ZSCORE', HANDOFF_DUE, chat)
  unlist(chat)
  if status == 'phone' then
    return
  end
  redis.call('HSET', key, 'status', 'phone', 'before', status, 'before_due', due or '')
  -- Without an epoch, late commits of the process that had it are refused.
  redis.call('HDEL', key, 'owner', 'epoch', 'examined', 'told', 'told_at', 'waiting_since')
  record('claimed', 'conversation', id, 'chat', chat, 'process', 'phone', 'at', NOW)
  ring_process(process, chat, 'phone')
  notify_head(line_of(status, team))
end

-- Ends the takeover: the next message opens a conversation.
local function end_takeover(chat)
  redis.call('ZREM', TAKEOVER_UNTIL, chat)
  redis.call('HDEL', OWNER_WROTE_AT, chat)
  -- The messages in it were for the owner.
  clear_inbox(chat)
  local status, state = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'state'))
  if status == 'phone' then
    close(chat, {outcome = 'phone', variables = variables_of(state)})
  end
end

-- Until when (ms) the owner answers this chat; nil if they don't. If that time is over, the takeover ends here.
local function taken_over_until(chat)
  local takeover_until = tonumber(redis.call('ZSCORE', TAKEOVER_UNTIL, chat) or nil)
  if takeover_until and takeover_until <= NOW then
    end_takeover(chat)
    return nil
  end
  return takeover_until
end

-- Whether a message of a customer, sent at `sent_at`, is for the owner. It is, too, if it was sent before the word that ended
-- the takeover, and arrives after it. During the takeover it is kept: we may still learn that our sender wrote, not the owner.
-- `status`: of the conversation. The owner answers no chat that a worker has.
local function take_for_owner(chat, status, message, sent_at, quiet)
  local takeover_until = status ~= 'active' and taken_over_until(chat)
  if takeover_until then
    redis.call('ZADD', TAKEOVER_UNTIL, math.max(takeover_until, NOW + quiet), chat)
    if not no_room(chat, #message) then push_unread(chat, message) end
    return true
  end
  -- The word was sent before now.
  if NOW - sent_at <= CLOCKS_APART_MAX then return false end
  local takeover_ended_at = tonumber(redis.call('GET', TAKEOVER_ENDED_AT .. chat) or nil)
  return takeover_ended_at and sent_at + CLOCKS_APART_MAX < takeover_ended_at
end

-- Notes when the owner wrote in this chat, for messages of the customer that come late.
local function note_owner_wrote(chat, sent_at, ttl)
  if sent_at > known_time(redis.call('GET', OWNER_LAST_WROTE .. chat)) then
    redis.call('SET', OWNER_LAST_WROTE .. chat, string.format('%.0f', sent_at), 'PX', ttl)
  end
end

-- Whether the owner wrote in this chat after a late message was sent: then they saw it, and have answered it.
local function owner_wrote_since(chat, sent_at)
  if NOW - sent_at <= CLOCKS_APART_MAX then
    return false
  end
  return sent_at + CLOCKS_APART_MAX < known_time(redis.call('GET', OWNER_LAST_WROTE .. chat))
end

-- What the owner answered at `sent_at` may come late together with their answer, and before it. If the flow has said nothing yet
-- and the customer has written nothing since, the conversation that it opened is closed.
local function close_answered(chat, sent_at)
  local status, rev = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'rev'))
  if status ~= 'waiting' and status ~= 'active' or rev ~= '0' then
    return
  end
  for _, message in ipairs(redis.call('LRANGE', INBOX .. chat, 0, -1)) do
    if not is_withdrawn(message) and (decode(message).sent_at or NOW) + CLOCKS_APART_MAX >= sent_at then
      return
    end
  end
  take_over(chat, NOW)
  end_takeover(chat)
end

-- The owner wrote in this chat at `sent_at`; `is_end_word`: the word that ends the takeover. A late message counts from when it
-- was sent: the takeover lasts until `quiet` after the last known message (`last_activity_at`, or this one), and what was
-- written after this message stays as it is. Returns 'begins' or 'ends' if the takeover begins or ends here, or if the bot stops
-- to leave the chat alone.
local function owner_wrote(chat, sent_at, last_activity_at, is_end_word, quiet)
  local status, taken, state = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'taken', 'state'))
  if status == 'agent' then
    -- An agent answers this customer: the owner can only end that.
    if not is_end_word or sent_at + CLOCKS_APART_MAX < tonumber(taken) then
      return
    end
    -- What was sent before this word was for the people, too.
    redis.call('SET', TAKEOVER_ENDED_AT .. chat, string.format('%.0f', math.min(sent_at, NOW)), 'PX', math.max(quiet, 1))
    clear_inbox(chat)
    close(chat, {outcome = 'phone', variables = variables_of(state)})
    return 'ends'
  end
  local takeover_until = taken_over_until(chat)
  local _, left_alone_since = left_alone_until(chat)
  local answered_again
  if is_end_word and left_alone_since and sent_at + CLOCKS_APART_MAX >= left_alone_since then
    end_left_alone(chat)
    answered_again = 'ends'
  end
  -- If `phone_quiet` was set to 0 meanwhile, no takeover begins, but a running one can still be ended.
  if quiet == 0 and not (is_end_word and takeover_until) or sent_at < tonumber(redis.call('GET', TAKEOVER_ENDED_AT .. chat) or 0) then
    return answered_again
  end
  local at = is_end_word and sent_at or math.max(sent_at, last_activity_at)
  at = NOW - at < CLOCKS_APART_MAX and NOW or at
  local owner_wrote_at = known_time(redis.call('HGET', OWNER_WROTE_AT, chat))
  if not is_end_word then
    if at + quiet > NOW then
      redis.call('HSET', OWNER_WROTE_AT, chat, string.format('%.0f', math.max(owner_wrote_at, sent_at)))
      take_over(chat, math.max(takeover_until or 0, at + quiet))
      return not takeover_until and 'begins'
    end
    close_answered(chat, sent_at)
    return
  end
  redis.call('SET', TAKEOVER_ENDED_AT .. chat, string.format('%.0f', math.min(sent_at, NOW)), 'PX', math.max(quiet, 1))
  if takeover_until then
    if sent_at >= owner_wrote_at then
      end_takeover(chat)
      return 'ends'
    end
    return answered_again
  end
  local status, opened = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'opened'))
  if at + quiet > NOW and status and status ~= 'closed' and tonumber(opened) <= at + CLOCKS_APART_MAX then
    take_over(chat, NOW)
    end_takeover(chat)
    return 'ends'
  end
  return answered_again
end

-- We took a message for the owner's, but our sender had sent it: WAHA reported it before it answered the sender, and with
-- another id or other words than the sender gave. The bot continues as if the message had not come.
local function undo_takeover(sent_in, message_id)
  local sent_at, chat = string.match(redis.call('GET', TAKEOVER_BEGAN_BY .. message_id) or '', '^(%d+) (.+)$')
  chat = chat and chat_of(chat)
  if not chat or not may_be_one_person(chat, sent_in) or redis.call('HGET', OWNER_WROTE_AT, chat) ~= sent_at then
    return
  end
  redis.call('ZREM', TAKEOVER_UNTIL, chat)
  redis.call('HDEL', OWNER_WROTE_AT, chat)
  if redis.call('GET', OWNER_LAST_WROTE .. chat) == sent_at then redis.call('DEL', OWNER_LAST_WROTE .. chat) end
  local key = CHAT .. chat
  local status, id, team, status_before, due_before =
    unpack(redis.call('HMGET', key, 'status', 'id', 'team', 'before', 'before_due'))
  if status == 'phone' and status_before == 'handoff' then
    wait_for_person(chat, team or '', due_before ~= '' and due_before or nil, 0)
    record_handoff(chat)
  elseif status == 'phone' then
    requeue(chat, id, 0)
    ring('queue')
  else
    local first = first_unread(chat)
    local name = first and decode(first).name
    if first then
      open(chat, type(name) == 'string' and name or '', status, 0)
    else
      clear_inbox(chat)
    end
  end
end

-- Two ids are one person: if the owner answers one of them, they answer both.
local function merge_takeovers(lid, chat)
  local takeover_until, owner_wrote_at = redis.call('ZSCORE', TAKEOVER_UNTIL, lid), redis.call('HGET', OWNER_WROTE_AT, lid)
  local chat_takeover_until = redis.call('ZSCORE', TAKEOVER_UNTIL, chat)
  local chat_owner_wrote_at = redis.call('HGET', OWNER_WROTE_AT, chat)
  redis.call('ZREM', TAKEOVER_UNTIL, lid)
  redis.call('HDEL', OWNER_WROTE_AT, lid)
  -- A message from before the ending word was for the owner, and one from before any of their words was seen by them, under
  -- either id.
  keep_later(TAKEOVER_ENDED_AT, lid, chat)
  keep_later(OWNER_LAST_WROTE, lid, chat)
  if takeover_until or chat_takeover_until then
    local last = math.max(known_time(owner_wrote_at), known_time(chat_owner_wrote_at))
    redis.call('HSET', OWNER_WROTE_AT, chat, string.format('%.0f', last))
    take_over(chat, math.max(tonumber(takeover_until or 0), tonumber(chat_takeover_until or 0)))
  end
end
