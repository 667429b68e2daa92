-- The owner takes over a chat: they answer it from their own phone.
-- Uses: conversations, lanes, sent_by_us

-- Drops the bot's replies that are not sent yet, except one that may be on its way.
local function drop_unsent(chat)
  local under_way = redis.call('HEXISTS', SENDING, chat)
  local elements = redis.call('LRANGE', LANE .. chat, under_way, -1)
  if #elements == 0 then
    return
  end
  local in_doubt = under_way == 0 and redis.call('HDEL', ATTEMPT, chat) == 1
  if in_doubt then expect_echo(chat, elements[1]) end
  for place, element in ipairs(elements) do
    leave_to_owner(chat, element, in_doubt and place == 1)
  end
  redis.call('LTRIM', LANE .. chat, 0, under_way - 1)
  if under_way == 0 then
    redis.call('DEL', LANE .. chat)
    redis.call('ZREM', LANES, chat)
  end
end

-- The owner answers this chat until `until_`, or longer if more is written. An open conversation gets the status 'phone':
-- it leaves its worker and the line, and gets no more notices.
local function take_over(chat, until_)
  redis.call('ZADD', PHONE, until_, chat)
  drop_unsent(chat)
  local key = CHAT .. chat
  local status, id, process = unpack(redis.call('HMGET', key, 'status', 'id', 'owner'))
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
  notify_head(status == 'handoff' and HANDOFF or QUEUE)
end

-- Ends the takeover: the next message opens a conversation.
local function end_takeover(chat)
  redis.call('ZREM', PHONE, chat)
  redis.call('HDEL', PHONE_SAID, chat)
  -- The messages in it were for the owner.
  redis.call('DEL', INBOX .. chat)
  local status, state = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'state'))
  if status == 'phone' then
    close(chat, {outcome = 'phone', variables = cjson.encode(decoded(state or '').variables or {})})
  end
end

-- Until when (ms) the owner answers this chat; nil if they don't. If that time is over, the takeover ends here.
local function taken_over_until(chat)
  local until_ = tonumber(redis.call('ZSCORE', PHONE, chat) or nil)
  if until_ and until_ <= NOW then
    end_takeover(chat)
    return nil
  end
  return until_
end

-- Whether a message of a customer is for the owner. It is, too, if it was sent before the word that ended the takeover, and
-- arrives after it. During the takeover it is kept: we may still learn that our sender wrote, not the owner.
local function take_for_owner(chat, message, quiet, inbox_max)
  local until_ = taken_over_until(chat)
  if until_ then
    redis.call('ZADD', PHONE, math.max(until_, NOW + quiet), chat)
    if redis.call('LLEN', INBOX .. chat) < inbox_max then
      redis.call('RPUSH', INBOX .. chat, message)
    end
    return true
  end
  local hung_up = tonumber(redis.call('GET', HUNG_UP .. chat) or nil)
  return hung_up and (decoded(message).sent_at or hung_up) + CLOCKS_APART_MAX < hung_up
end

-- The owner wrote in this chat at `sent_at`; `ends`: it is the word that ends the takeover. A late message counts from when
-- it was sent: the takeover lasts until `quiet` after the last known message (`last_activity_at`, or this one), and what was
-- written after this message stays as it is. Returns 'begins' or 'ends' if the takeover begins or ends here.
local function owner_says(chat, sent_at, last_activity_at, ends, quiet)
  local until_ = taken_over_until(chat)
  -- If `phone_quiet` was set to 0 meanwhile, no takeover begins, but a running one can still be ended.
  if quiet == 0 and not (ends and until_) or sent_at < tonumber(redis.call('GET', HUNG_UP .. chat) or 0) then
    return
  end
  local at = ends and sent_at or math.max(sent_at, last_activity_at)
  at = NOW - at < CLOCKS_APART_MAX and NOW or at
  local said = tonumber(redis.call('HGET', PHONE_SAID, chat) or 0)
  if not ends then
    if at + quiet > NOW then
      redis.call('HSET', PHONE_SAID, chat, string.format('%.0f', math.max(said, sent_at)))
      take_over(chat, math.max(until_ or 0, at + quiet))
      return not until_ and 'begins'
    end
    return
  end
  redis.call('SET', HUNG_UP .. chat, string.format('%.0f', math.min(sent_at, NOW)), 'PX', math.max(quiet, 1))
  if until_ then
    if sent_at >= said then
      end_takeover(chat)
      return 'ends'
    end
    return
  end
  local status, opened = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'opened'))
  if at + quiet > NOW and status and status ~= 'closed' and tonumber(opened) <= at + CLOCKS_APART_MAX then
    take_over(chat, NOW)
    end_takeover(chat)
    return 'ends'
  end
end

-- We took a message for the owner's, but our sender had sent it: WAHA reported it before it answered the sender, and with
-- another id or other words than the sender gave. The bot continues as if the message had not come.
local function undo_takeover(message_id)
  local sent_at, chat = string.match(redis.call('GET', PHONE_BEGAN .. message_id) or '', '^(%d+) (.+)$')
  chat = chat and chat_of(chat)
  if not chat or redis.call('HGET', PHONE_SAID, chat) ~= sent_at then
    return
  end
  redis.call('ZREM', PHONE, chat)
  redis.call('HDEL', PHONE_SAID, chat)
  local key = CHAT .. chat
  local status, id, ticket, before, due = unpack(redis.call('HMGET', key, 'status', 'id', 'ticket', 'before', 'before_due'))
  if status == 'phone' and before == 'handoff' then
    redis.call('HSET', key, 'status', 'handoff', 'waiting_since', NOW)
    redis.call('ZADD', HANDOFF, ticket, chat)
    redis.call('SADD', HANDOFF_UNNOTIFIED, chat)
    if due ~= '' then redis.call('ZADD', HANDOFF_DUE, due, chat) end
    redis.call('ZADD', ANNOUNCE, NOW, chat)
    record('handoff', 'conversation', id, 'chat', chat, 'at', NOW)
  elseif status == 'phone' then
    requeue(chat, id, ticket, 0)
    ring('queue')
  elseif redis.call('EXISTS', INBOX .. chat) == 1 then
    local first = decoded(redis.call('LINDEX', INBOX .. chat, 0))
    open(chat, type(first.name) == 'string' and first.name or '', status, 0)
  end
end

-- Two ids are one person: if the owner answers one of them, they answer both.
local function merge_takeovers(lid, chat)
  local until_, said = redis.call('ZSCORE', PHONE, lid), redis.call('HGET', PHONE_SAID, lid)
  local until_there, said_there = redis.call('ZSCORE', PHONE, chat), redis.call('HGET', PHONE_SAID, chat)
  redis.call('ZREM', PHONE, lid)
  redis.call('HDEL', PHONE_SAID, lid)
  -- A message from before the ending word was for the owner, under either id.
  local hung_up, kept_for = redis.call('GET', HUNG_UP .. lid), redis.call('PTTL', HUNG_UP .. lid)
  if hung_up then
    if tonumber(hung_up) > tonumber(redis.call('GET', HUNG_UP .. chat) or 0) then
      redis.call('SET', HUNG_UP .. chat, hung_up, 'PX', math.max(kept_for, 1))
    end
    redis.call('DEL', HUNG_UP .. lid)
  end
  if until_ or until_there then
    local last = math.max(tonumber(said or 0), tonumber(said_there or 0))
    redis.call('HSET', PHONE_SAID, chat, string.format('%.0f', last))
    take_over(chat, math.max(tonumber(until_ or 0), tonumber(until_there or 0)))
  end
end
