-- A conversation opens, goes back to the line, closes.

-- A line moved: its new head gets a notice at once.
local function notify_head(line)
  local head = redis.call('ZRANGE', line, 0, 0)[1]
  if head then
    redis.call('ZADD', ANNOUNCE, NOW, head)
    ring('announce')
  end
end

-- Takes a conversation off every list that it stands on.
local function unlist(chat)
  redis.call('ZREM', QUEUE, chat)
  redis.call('ZREM', HANDOFF, chat)
  redis.call('ZREM', HANDOFF_DUE, chat)
  redis.call('SREM', HANDOFF_UNNOTIFIED, chat)
  redis.call('ZREM', ANNOUNCE, chat)
  redis.call('HDEL', ACTIVE, chat)
  redis.call('SREM', UNREAD, chat)
end

-- A conversation opens: its inbox already holds what opens it. `before` is true where the chat has a hash
-- (closed for silence): its state stays, for the worker to resume.
local function open(chat, name, before, first_notice_after)
  local key = CHAT .. chat
  local ticket = redis.call('INCR', TICKET)
  local id = string.format('%.0f-%d', NOW, ticket)
  if before then
    redis.call('PERSIST', key)
    redis.call('HDEL', key, 'owner', 'epoch', 'claimed', 'told', 'told_at', 'examined', 'waiting_since')
  end
  redis.call('HSET', key, 'id', id, 'status', 'waiting', 'ticket', ticket, 'opened', NOW, 'rev', 0, 'name', name)
  redis.call('ZADD', QUEUE, ticket, chat)
  redis.call('ZADD', ANNOUNCE, NOW + (first_notice_after or FIRST_NOTICE_AFTER), chat)
  redis.call('SADD', KNOWN, chat)
  record('opened', 'conversation', id, 'chat', chat, 'ticket', ticket, 'at', NOW)
  ring('queue')
  return id
end

-- Takes the time that a worker had a conversation into the mean, as `flow::smoothed` does. Only where it says how long a worker
-- is busy: not if it went back to the line meanwhile, if the owner took it over, or if the customer could not be heard.
local function measure(chat, outcome)
  local status, claimed, requeued = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'claimed', 'waiting_since'))
  if not claimed or status ~= 'active' or requeued or outcome == 'phone' then
    return
  end
  local works_since = tonumber(redis.call('HGET', STATUS, 'works_since') or 0)
  if works_since > tonumber(claimed) or redis.call('EXISTS', PAUSED) == 1 then
    return
  end
  local count = redis.call('HINCRBY', COUNTERS, 'measured', 1)
  local mean = tonumber(redis.call('HGET', COUNTERS, 'handling') or 0)
  mean = mean + (NOW - claimed - mean) * math.max(0.02, 1 / count)
  redis.call('HSET', COUNTERS, 'handling', string.format('%.0f', mean))
end

-- A conversation closes: `ending` has its outcome, its variables (JSON) and, where it can be resumed, `resume_within`: how long
-- (ms) its state is kept. What the customer wrote after the words that closed it opens the next one, so that it is not lost.
local function close(chat, ending)
  local key = CHAT .. chat
  local id, name = unpack(redis.call('HMGET', key, 'id', 'name'))
  local resumable = (ending.resume_within or 0) > 0
  unlist(chat)
  record('closed', 'conversation', id, 'chat', chat, 'at', NOW, 'outcome', ending.outcome, 'variables', ending.variables)
  redis.call('HINCRBY', COUNTERS, 'closed', 1)
  measure(chat, ending.outcome)
  if resumable then
    redis.call('HSET', key, 'status', 'closed')
    redis.call('PEXPIRE', key, ending.resume_within)
  else
    redis.call('DEL', key)
  end
  if redis.call('EXISTS', INBOX .. chat) == 1 then
    open(chat, name or '', resumable)
  end
end

-- A conversation that a worker had goes back to the line, under its old ticket.
local function requeue(chat, id, ticket, first_notice_after)
  local key = CHAT .. chat
  redis.call('HSET', key, 'status', 'waiting', 'waiting_since', NOW)
  -- Without an epoch nothing is taken that the process before still writes.
  redis.call('HDEL', key, 'owner', 'epoch', 'examined', 'told', 'told_at')
  redis.call('ZADD', QUEUE, ticket, chat)
  redis.call('ZADD', ANNOUNCE, NOW + (first_notice_after or FIRST_NOTICE_AFTER), chat)
  record('requeued', 'conversation', id, 'chat', chat, 'at', NOW)
end
