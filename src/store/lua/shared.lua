-- What several scripts do to a conversation and to a lane. Put in front of every script; SESSION and BELL
-- (the channels' prefix) are set before it.

local function record(kind, ...)
  redis.call('XADD', HISTORY, '*', 'kind', kind, ...)
end

-- As `record`, for what came from, or goes to, an id that is not the one its chat is kept under.
local function record_under(chat, id, kind, ...)
  if chat == id then
    record(kind, ...)
  else
    record(kind, 'chat', chat, ...)
  end
end

-- The chat under which an id is kept.
local function chat_of(id)
  return redis.call('HGET', ALIAS, id) or id
end

-- Now (ms) by the clock of Redis: one clock for all processes.
local function time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- For how long (ms) nothing has come in, of a conversation whose last message came at `heard` (see `time`).
local function quiet_for(heard)
  return heard and string.format('%.0f', time() - heard) or ''
end

local function ring(bell, message)
  redis.call('PUBLISH', BELL .. bell, message or SESSION)
end

-- Tells the owner of a conversation to look: it changed, or is no longer the owner's. `why` may say more.
local function ring_owner(owner, chat, id, why)
  if owner then
    ring('process:' .. owner, table.concat({SESSION, chat, id, 0, why or ''}, ' '))
  end
end

-- What we wrote as JSON; empty if it can't be read.
local function decoded(json)
  local read, value = pcall(cjson.decode, json)
  return read and type(value) == 'table' and value or {}
end

-- A line moved: who is first now is told so.
local function tell_head(line, now)
  local head = redis.call('ZRANGE', line, 0, 0)[1]
  if head then
    redis.call('ZADD', ANNOUNCE, now, head)
    ring('announce')
  end
end

-- Takes a conversation off every list that it stands on.
local function unlist(chat)
  redis.call('ZREM', QUEUE, chat)
  redis.call('ZREM', HANDOFF, chat)
  redis.call('ZREM', HANDOFF_DUE, chat)
  redis.call('SREM', HANDOFF_UNTOLD, chat)
  redis.call('ZREM', ANNOUNCE, chat)
  redis.call('HDEL', ACTIVE, chat)
  redis.call('SREM', UNREAD, chat)
end

-- A conversation opens: its inbox already holds what opens it. `before` is true where the chat has a hash
-- (closed for silence): its state stays, for the worker to resume.
local function open(chat, name, now, first_notice_after, before)
  local key = CHAT .. chat
  local ticket = redis.call('INCR', TICKET)
  local id = string.format('%.0f-%d', now, ticket)
  if before then
    redis.call('PERSIST', key)
    redis.call('HDEL', key, 'owner', 'epoch', 'claimed', 'told', 'told_at', 'examined', 'waiting_since')
  end
  redis.call('HSET', key, 'id', id, 'status', 'waiting', 'ticket', ticket, 'opened', now, 'rev', 0, 'name', name)
  redis.call('ZADD', QUEUE, ticket, chat)
  redis.call('ZADD', ANNOUNCE, now + first_notice_after, chat)
  redis.call('SADD', KNOWN, chat)
  record('opened', 'conversation', id, 'chat', chat, 'ticket', ticket, 'at', now)
  ring('queue')
  return id
end

-- Takes the time of an attendance into the mean, as `flow::smoothed` does. Only one that says how long a worker is busy: not
-- one that went back to the line meanwhile, that the owner took over, or in which the customer could not be heard.
local function measure(chat, claimed, now, outcome)
  local status, requeued = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'waiting_since'))
  local works_since = tonumber(redis.call('HGET', STATUS, 'works_since') or 0)
  if status ~= 'active' or requeued or outcome == 'phone' or works_since > claimed or redis.call('EXISTS', PAUSED) == 1 then
    return
  end
  local count = redis.call('HINCRBY', COUNTERS, 'measured', 1)
  local mean = tonumber(redis.call('HGET', COUNTERS, 'handling') or 0)
  mean = mean + (now - claimed - mean) * math.max(0.02, 1 / count)
  redis.call('HSET', COUNTERS, 'handling', string.format('%.0f', mean))
end

-- A conversation closes. With `resume_within` (ms) above 0 its state is kept for so long. What the customer
-- wrote after the words that closed it opens the next one, so that it is not lost.
local function close(chat, id, name, claimed, now, outcome, variables, resume_within, first_notice_after)
  local key = CHAT .. chat
  unlist(chat)
  record('closed', 'conversation', id, 'chat', chat, 'at', now, 'outcome', outcome, 'variables', variables)
  redis.call('HINCRBY', COUNTERS, 'closed', 1)
  if claimed then
    measure(chat, tonumber(claimed), now, outcome)
  end
  if resume_within > 0 then
    redis.call('HSET', key, 'status', 'closed')
    redis.call('PEXPIRE', key, resume_within)
  else
    redis.call('DEL', key)
  end
  if redis.call('EXISTS', INBOX .. chat) == 1 then
    open(chat, name or '', now, first_notice_after, resume_within > 0)
  end
end

-- An attended conversation goes back to the line, under its old ticket.
local function requeue(chat, id, ticket, now, first_notice_after)
  local key = CHAT .. chat
  redis.call('HSET', key, 'status', 'waiting', 'waiting_since', now)
  -- Without an epoch nothing that the old owner still writes is taken.
  redis.call('HDEL', key, 'owner', 'epoch', 'examined', 'told', 'told_at')
  redis.call('ZADD', QUEUE, ticket, chat)
  redis.call('ZADD', ANNOUNCE, now + first_notice_after, chat)
  record('requeued', 'conversation', id, 'chat', chat, 'at', now)
end

-- The longest `phone_quiet` there is: what comes later silences nobody.
local UNCLAIMED_FOR, UNCLAIMED_MAX = 86400000, 50

-- A reply was sent, or perhaps, and its message id is not known: its echo may still come, and must not pass for words that
-- the owner wrote on their phone.
local function expect_echo(chat, element)
  local reply = decoded(string.sub(element, 2))
  local media = type(reply.media) == 'table' and {kind = reply.media.kind} or nil
  redis.call('RPUSH', UNCLAIMED .. chat, cjson.encode({text = reply.text, media = media}))
  redis.call('LTRIM', UNCLAIMED .. chat, -UNCLAIMED_MAX, -1)
  redis.call('PEXPIRE', UNCLAIMED .. chat, UNCLAIMED_FOR)
end

-- A reply that is not sent because the owner answers: told to the history, so that nothing vanishes.
local function leave_to_owner(chat, element, now, perhaps)
  if string.sub(element, 1, 1) == 'n' then
    return
  end
  local reply = decoded(string.sub(element, 2))
  local kind = type(reply.media) == 'table' and reply.media.kind or 'text'
  if kind == 'file' then kind = 'document' end
  local said = {chat = chat, direction = 'outbound', author = 'bot', kind = kind, text = reply.text, sent_at = now,
    received_at = reply.queued_at, reply_id = reply.id}
  record('reply', 'conversation', reply.conversation or '', 'state', 'failed',
    'reason', (perhaps and 'perhaps sent' or 'not sent') .. ': the owner answers from their own phone',
    'data', cjson.encode(said))
end

-- Adds a reply to the chat's lane and makes the lane due, unless a sender holds it or a retry is due later.
local function reply(chat, element, now)
  redis.call('RPUSH', LANE .. chat, element)
  if redis.call('HEXISTS', SENDING, chat) == 0 then
    redis.call('ZADD', LANES, 'NX', now, chat)
  end
end

-- Gives the chat's lane to a process. The token tells this taking from every other, also from an earlier or later one by
-- the same process: who lost the lane in between must not go on with it.
local function take_lane(chat, process)
  local token = process .. ' ' .. redis.call('INCR', EPOCH)
  redis.call('ZREM', LANES, chat)
  redis.call('HSET', SENDING, chat, token)
  return token
end

-- What the sender of a lane must know: its first reply, what is left in doubt of an earlier attempt on that ('' = nothing),
-- and the id to send it to where that is not the chat. From now on it may be tried, and the mark says since when.
local function first_reply(chat, now)
  local element = redis.call('LINDEX', LANE .. chat, 0)
  if not element then
    return '', '', ''
  end
  local doubt, address = redis.call('HGET', ATTEMPT, chat), redis.call('HGET', ADDRESS, chat)
  if not doubt then
    redis.call('HSET', ATTEMPT, chat, string.format('%.0f - - %s', now, address or chat))
  end
  return element, doubt or '', address or ''
end

-- Takes the notices that nobody has sent yet out of the lane.
local function drop_notices(chat)
  -- The first is not to be taken away while it is under way.
  local under_way = redis.call('HEXISTS', SENDING, chat)
  for place, element in ipairs(redis.call('LRANGE', LANE .. chat, under_way, -1)) do
    if string.sub(element, 1, 1) == 'n' then
      redis.call('LREM', LANE .. chat, -1, element)
      if place == 1 and under_way == 0 and redis.call('HDEL', ATTEMPT, chat) == 1 then
        expect_echo(chat, element)
      end
    end
  end
end
