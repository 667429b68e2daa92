-- The bot leaves a chat alone for a while when it reaches a limit of its flow, because another bot seems to write there.
-- Uses: inbox, conversations, lanes, pace

-- Until when (ms) the bot leaves this chat alone, and since when; nil if it does not.
local function left_alone_until(chat)
  local since, ends = string.match(redis.call('GET', LEFT_ALONE .. chat) or '', '^(%d+) (%d+)$')
  if ends and tonumber(ends) > NOW then
    return tonumber(ends), tonumber(since)
  end
end

-- The owner deals with this chat: the bot answers it again.
local function end_left_alone(chat)
  redis.call('DEL', LEFT_ALONE .. chat)
end

-- The limit that a chat reaches with a message, as the flow names it; nil if none. `begins`: the message would open a
-- conversation.
local function limit_reached(chat, words, begins, limits)
  local machine_answers = note_answer(chat, words)
  local conversations, replies = unpack(redis.call('HMGET', PACE .. chat, 'conversations', 'replies'))
  local used = {
    machine_answers = machine_answers,
    -- An open conversation may continue, even if it is the last one of the hour.
    conversations_per_hour = tonumber(conversations or 0) - (begins and 0 or 1),
    replies_per_hour = tonumber(replies or 0),
  }
  for _, limit in ipairs({'machine_answers', 'conversations_per_hour', 'replies_per_hour'}) do
    if limits[limit] > 0 and used[limit] >= limits[limit] then return limit end
  end
end

-- Reads the limits of a flow: the numbers in the order of its table.
local function read_limits(text)
  local conversations, replies, machine_answers, leave_alone_for = string.match(text, '^(%d+) (%d+) (%d+) (%d+)$')
  return {conversations_per_hour = tonumber(conversations), replies_per_hour = tonumber(replies),
    machine_answers = tonumber(machine_answers), leave_alone_for = tonumber(leave_alone_for)}
end

-- From now on the bot leaves this chat alone. Afterwards everything is counted from the beginning.
local function leave_alone(chat, name, limit, limits)
  local ends = string.format('%.0f', NOW + limits.leave_alone_for)
  local since = string.format('%.0f', NOW)
  redis.call('SET', LEFT_ALONE .. chat, since .. ' ' .. ends, 'PX', limits.leave_alone_for)
  redis.call('DEL', PACE .. chat)
  -- The id names this time, also if the chat gets another id before the owner is notified.
  local notice = {id = since .. ':' .. chat, name = name, limit = limit, count = limits[limit], ends = ends}
  redis.call('HSET', LEFT_ALONE_UNNOTIFIED, chat, cjson.encode(notice))
  ring_due()
end

-- Closes the conversation of a chat that the bot leaves alone, if a worker has it or it waits for one. What it has not read
-- is in the history; what it said and is not sent yet still leaves.
local function close_at_limit(chat)
  local status, process, state = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'owner', 'state'))
  if status ~= 'waiting' and status ~= 'active' then
    return
  end
  clear_inbox(chat)
  drop_notices(chat)
  close(chat, {outcome = 'limit', variables = variables_of(state)})
  ring_process(process, chat, 'limit')
  if status == 'waiting' then notify_head(QUEUE) end
end

-- Whether the bot leaves a customer's message alone. `limits`: those of the flow, '' = none. A customer who waits for a person,
-- or has one, is never left alone: the bot does not answer them anyway.
local function is_left_alone(chat, name, status, words, limits)
  if limits == '' or status == 'handoff' or status == 'agent' then
    return false
  end
  limits = read_limits(limits)
  if left_alone_until(chat) then
    return true
  end
  local limit = limit_reached(chat, words, not status or status == 'closed', limits)
  if limit then leave_alone(chat, name, limit, limits) end
  return limit ~= nil
end

-- Two ids are one person: if one of them is left alone, the person is.
local function merge_limits(lid, chat)
  merge_paces(lid, chat)
  local of_lid, ends = redis.call('GET', LEFT_ALONE .. lid), left_alone_until(lid)
  if ends and ends > (left_alone_until(chat) or 0) then
    redis.call('SET', LEFT_ALONE .. chat, of_lid, 'PX', ends - NOW)
  end
  redis.call('DEL', LEFT_ALONE .. lid)
  local notice = redis.call('HGET', LEFT_ALONE_UNNOTIFIED, lid)
  if notice then
    redis.call('HSET', LEFT_ALONE_UNNOTIFIED, chat, notice)
    redis.call('HDEL', LEFT_ALONE_UNNOTIFIED, lid)
  end
end
