-- A conversation opens, goes back to the line, or closes.
-- Uses: inbox, pace

-- How long (ms) we remember what was heard in a closed conversation: longer than late messages are answered.
local HEARD_UNTIL_TTL = 172800000

-- A line moved: the announcer looks at its new head at once, and gives them a notice.
local function notify_head(line)
  local head = redis.call('ZRANGE', line, 0, 0)[1]
  if head then
    redis.call('ZADD', LOOK_AT, NOW, head)
    ring('announce')
  end
end

-- Removes a conversation from every list.
local function unlist(chat)
  redis.call('ZREM', QUEUE, chat)
  redis.call('ZREM', HANDOFF, chat)
  redis.call('ZREM', HANDOFF_DUE, chat)
  redis.call('SREM', HANDOFF_UNNOTIFIED, chat)
  redis.call('ZREM', LOOK_AT, chat)
  redis.call('HDEL', ACTIVE, chat)
  redis.call('SREM', UNREAD, chat)
end

-- Opens a conversation. Its inbox already holds the first message. `resumable` is true if the chat still has its hash,
-- because the last conversation was closed for silence: the state stays, so that the worker can resume it.
local function open(chat, name, resumable, first_notice_after)
  local key = CHAT .. chat
  local ticket = redis.call('INCR', TICKET)
  local id = string.format('%.0f-%d', NOW, ticket)
  if resumable then
    redis.call('PERSIST', key)
    redis.call('HDEL', key, 'owner', 'epoch', 'claimed', 'told', 'told_at', 'examined', 'waiting_since')
  end
  redis.call('HSET', key, 'id', id, 'status', 'waiting', 'ticket', ticket, 'opened', NOW, 'rev', 0, 'name', name)
  redis.call('ZADD', QUEUE, ticket, chat)
  redis.call('ZADD', LOOK_AT, NOW + (first_notice_after or FIRST_NOTICE_AFTER), chat)
  redis.call('SADD', KNOWN, chat)
  count_in_hour(chat, 'conversations')
  record('opened', 'conversation', id, 'chat', chat, 'ticket', ticket, 'at', NOW)
  ring('queue')
  return id
end

-- Adds the time that a worker had a conversation to the mean, as `flow::smoothed` does. Only if that time says how long a
-- worker is busy: not if the conversation went back to the line, the owner took it over, another bot wrote, or the session
-- was paused meanwhile.
local function add_handling_time(chat, outcome)
  local status, claimed, requeued = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'claimed', 'waiting_since'))
  if not claimed or status ~= 'active' or requeued or outcome == 'phone' or outcome == 'limit' then
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

-- Closes a conversation. `ending` has its outcome, its variables (JSON) and, if it can be resumed, `resume_within`: how
-- long (ms) its state is kept. Messages that are still in the inbox open the next conversation, so that they are not lost.
local function close(chat, ending)
  local key = CHAT .. chat
  local id, name, newest = unpack(redis.call('HMGET', key, 'id', 'name', 'newest'))
  local resumable = (ending.resume_within or 0) > 0
  unlist(chat)
  record('closed', 'conversation', id, 'chat', chat, 'at', NOW, 'outcome', ending.outcome, 'variables', ending.variables)
  redis.call('HINCRBY', COUNTERS, 'closed', 1)
  add_handling_time(chat, ending.outcome)
  if resumable then
    redis.call('HSET', key, 'status', 'closed')
    redis.call('PEXPIRE', key, ending.resume_within)
  else
    redis.call('DEL', key)
  end
  if newest and tonumber(newest) > tonumber(redis.call('GET', HEARD_UNTIL .. chat) or 0) then
    redis.call('SET', HEARD_UNTIL .. chat, newest, 'PX', HEARD_UNTIL_TTL)
  end
  if first_unread(chat) then
    open(chat, name or '', resumable)
  else
    clear_inbox(chat)
  end
end

-- Puts a conversation back in line, under its old ticket.
local function requeue(chat, id, ticket, first_notice_after)
  local key = CHAT .. chat
  redis.call('HSET', key, 'status', 'waiting', 'waiting_since', NOW)
  -- Without an epoch, late commits of the process that had it are refused.
  redis.call('HDEL', key, 'owner', 'epoch', 'examined', 'told', 'told_at')
  redis.call('ZADD', QUEUE, ticket, chat)
  redis.call('ZADD', LOOK_AT, NOW + (first_notice_after or FIRST_NOTICE_AFTER), chat)
  record('requeued', 'conversation', id, 'chat', chat, 'at', NOW)
end
