-- A conversation opens, goes back to the line, or closes.
-- Uses: inbox, pace, lines

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

-- Urgent conversations stand this far before the others.
local URGENT = 1e15

-- Where a conversation stands in a line, as a score: where it was moved to, or by its ticket. Urgent ones stand before the others
-- if they wait for a person.
local function place_in_line(chat, line)
  local ticket, place, priority = unpack(redis.call('HMGET', CHAT .. chat, 'ticket', 'place', 'priority'))
  if place then return place end
  return string.format('%.0f', ticket - (line ~= QUEUE and priority == 'urgent' and URGENT or 0))
end

local function stand_in_line(chat, line)
  redis.call('ZADD', line, place_in_line(chat, line), chat)
end

-- Removes a conversation from every list.
local function unlist(chat)
  local team, holder = unpack(redis.call('HMGET', CHAT .. chat, 'team', 'holder'))
  if team then
    redis.call('ZREM', HANDOFF_TO .. team, chat)
    end_put_off(chat, line_of_team(team))
  end
  if holder then
    redis.call('HDEL', HELD, chat)
    redis.call('ZREM', HELD_SINCE, chat)
  end
  redis.call('ZREM', QUEUE, chat)
  redis.call('ZREM', HANDOFF, chat)
  end_put_off(chat, QUEUE)
  end_put_off(chat, HANDOFF)
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
    redis.call('HDEL', key, 'owner', 'epoch', 'claimed', 'told', 'told_at', 'examined', 'waiting_since', 'team', 'priority',
      'place', 'within', 'holder', 'taken', 'attended', 'moved', 'told_pause')
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

-- Adds a time from `since` until now to the mean of the field `mean_field`, as `flow::smoothed` does; not if the session was paused
-- meanwhile.
local function add_to_mean(mean_field, count_field, since)
  local works_since = tonumber(redis.call('HGET', STATUS, 'works_since') or 0)
  if works_since > tonumber(since) or redis.call('EXISTS', PAUSED) == 1 then
    return
  end
  local count = redis.call('HINCRBY', COUNTERS, count_field, 1)
  local mean = tonumber(redis.call('HGET', COUNTERS, mean_field) or 0)
  mean = mean + (NOW - since - mean) * math.max(0.02, 1 / count)
  redis.call('HSET', COUNTERS, mean_field, string.format('%.0f', mean))
end

-- The same for the time that people of a team had a conversation.
local function add_attended_time(chat)
  local team, attended = unpack(redis.call('HMGET', CHAT .. chat, 'team', 'attended'))
  add_to_mean('handling:' .. (team or ''), 'measured:' .. (team or ''), attended)
end

-- The same for the time that a worker had a conversation. Only if that time says how long a worker is busy: not if the
-- conversation went back to the line, the owner took it over, or another bot wrote.
local function add_handling_time(chat, outcome)
  local status, claimed, requeued = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'claimed', 'waiting_since'))
  if not claimed or status ~= 'active' or requeued or outcome == 'phone' or outcome == 'limit' then
    return
  end
  add_to_mean('handling', 'measured', claimed)
end

-- How long (ms) we know a customer after their last conversation.
local CONTACT_TTL = 34560000000

-- What the flow remembers of a customer, for their next conversations.
local function remember(chat, known)
  redis.call('HSET', CONTACT .. chat, 'known', known)
  redis.call('PEXPIRE', CONTACT .. chat, CONTACT_TTL)
end

-- How long (ms) a customer can rate a conversation.
local RATING_TTL = 86400000

-- The variables in a flow's state, JSON.
local function variables_of(state)
  return cjson.encode(decode(state or '').variables or {})
end

-- Closes a conversation. `ending` has its outcome, its variables (JSON) and, if it can be resumed, `resume_within`: how
-- long (ms) its state is kept. `by`: the agent who closed it; `asks_rating`: the customer was asked to rate it. Messages that are still
-- in the inbox open the next conversation, so that they are not lost.
local function close(chat, ending)
  local key = CHAT .. chat
  local id, name, newest, attended = unpack(redis.call('HMGET', key, 'id', 'name', 'newest', 'attended'))
  local resumable = (ending.resume_within or 0) > 0
  unlist(chat)
  local closed = {'conversation', id, 'chat', chat, 'at', NOW, 'outcome', ending.outcome, 'variables', ending.variables}
  if ending.by then
    closed[#closed + 1] = 'by'
    closed[#closed + 1] = ending.by
  end
  record('closed', unpack(closed))
  redis.call('HINCRBY', COUNTERS, 'closed', 1)
  add_handling_time(chat, ending.outcome)
  if attended then add_attended_time(chat) end
  redis.call('HSET', CONTACT .. chat, 'last_at', string.format('%.0f', NOW), 'last_outcome', ending.outcome)
  redis.call('PEXPIRE', CONTACT .. chat, CONTACT_TTL)
  if ending.asks_rating then redis.call('SET', RATING .. chat, id, 'PX', RATING_TTL) end
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

-- Fields that say who has a conversation, and what the announcer did in its line.
local IN_USE = {'owner', 'epoch', 'examined', 'told', 'told_at', 'moved', 'waiting_since', 'holder', 'taken', 'attended', 'before', 'before_due'}

-- A conversation waits for a worker from now on, in its old place.
local function wait_for_worker(chat, first_notice_after)
  local key = CHAT .. chat
  -- Without an epoch, late commits of the process that had it are refused.
  redis.call('HDEL', key, unpack(IN_USE))
  redis.call('HSET', key, 'status', 'waiting', 'waiting_since', NOW)
  stand_in_line(chat, QUEUE)
  redis.call('ZADD', LOOK_AT, NOW + (first_notice_after or FIRST_NOTICE_AFTER), chat)
end

-- Puts a conversation back in line, in its old place.
local function requeue(chat, id, first_notice_after)
  wait_for_worker(chat, first_notice_after)
  record('requeued', 'conversation', id, 'chat', chat, 'at', NOW)
end

-- When (ms) a wait for a person that begins now ends; nil = it has no limit.
local function wait_ends(chat)
  local within = tonumber(redis.call('HGET', CHAT .. chat, 'within') or 0)
  return within > 0 and NOW + within or nil
end

-- A conversation waits for a person of this team from now on; `due`: when (ms) that wait ends, nil = never.
local function wait_for_person(chat, team, due, first_notice_after)
  local key = CHAT .. chat
  unlist(chat)
  -- The time with a person must not count as handling time of a worker.
  redis.call('HDEL', key, 'claimed', unpack(IN_USE))
  redis.call('HSET', key, 'status', 'handoff', 'team', team, 'waiting_since', NOW)
  if team ~= '' then redis.call('SADD', TEAMS, team) end
  stand_in_line(chat, line_of_team(team))
  redis.call('SADD', HANDOFF_UNNOTIFIED, chat)
  if due then redis.call('ZADD', HANDOFF_DUE, due, chat) end
  redis.call('ZADD', LOOK_AT, NOW + (first_notice_after or FIRST_NOTICE_AFTER), chat)
  ring_due()
end

-- Records that a conversation waits for a person; `note`: what the person should know.
local function record_handoff(chat, note)
  local id, team, priority = unpack(redis.call('HMGET', CHAT .. chat, 'id', 'team', 'priority'))
  record('handoff', 'conversation', id, 'chat', chat, 'at', NOW, 'team', team or '', 'priority', priority or 'normal', 'note', note or '')
end
