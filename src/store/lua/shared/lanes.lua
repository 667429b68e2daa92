-- What several scripts do with a lane (the replies of a chat).
-- Uses: sent_by_us, lines

-- Adds a reply to the chat's lane and makes the lane due now, unless a sender holds it or a retry is due later.
local function reply(chat, element)
  redis.call('RPUSH', LANE .. chat, element)
  if redis.call('HEXISTS', SENDING, chat) == 0 then
    redis.call('ZADD', LANES, 'NX', NOW, chat)
  end
end

-- Gives the chat's lane to a process. Each time the lane is taken it gets a new token, even for the same process: if the
-- process loses the lane in between, its old token is no longer valid.
local function take_lane(chat, process)
  local token = process .. ' ' .. new_epoch()
  redis.call('ZREM', LANES, chat)
  redis.call('HSET', SENDING, chat, token)
  return token
end

-- Whether a notice has waited too long in its lane, or tells a place that is not true any more.
local function is_outdated(chat, element)
  if not is_notice(element) or is_expired(element) then
    return is_notice(element)
  end
  if tonumber(decode(string.sub(element, 2)).queued_at) > NOW - FRESH_FOR then return false end
  local status, team, told = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'team', 'told'))
  local rank = redis.call('ZRANK', line_of(status, team), chat)
  return not rank or told and tonumber(told) ~= rank + 1
end

-- Drops notices that are outdated from the beginning of a lane. Their customer is looked at again, as one who was not told. Returns the
-- first reply that is left.
local function drop_outdated(chat)
  local element = redis.call('LINDEX', LANE .. chat, 0)
  while element and is_outdated(chat, element) do
    redis.call('LPOP', LANE .. chat)
    redis.call('ZREM', NOTICES, id_of(element))
    local status, team, told = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'team', 'told'))
    -- If they were told no place, it was the text of a pause.
    redis.call('HDEL', CHAT .. chat, 'told', 'told_at', told and 'told' or 'told_pause')
    if redis.call('ZSCORE', line_of(status, team), chat) then
      redis.call('ZADD', LOOK_AT, NOW, chat)
      ring('announce')
    end
    element = redis.call('LINDEX', LANE .. chat, 0)
  end
  return element
end

-- What the sender of a lane needs: its first reply, the earlier attempt on it that is in doubt ('' = none), and the id to
-- send it to ('' = the chat). From now on the sender may try it, so an attempt is noted with the time.
local function offer(chat, element, doubt)
  local address = redis.call('HGET', ADDRESS, chat)
  count_notice(element)
  if not doubt then
    redis.call('HSET', ATTEMPT, chat, string.format('%.0f - - %s', NOW, address or chat))
  end
  return element, doubt or '', address or ''
end

-- The same for a lane that may be empty ('' = it is).
local function first_reply(chat)
  local doubt = redis.call('HGET', ATTEMPT, chat)
  local element = doubt and redis.call('LINDEX', LANE .. chat, 0) or drop_outdated(chat)
  if not element then
    return '', '', ''
  end
  return offer(chat, element, doubt)
end

-- Adds replies to a lane, and gives it to a process ('' = it is due for any), unless a sender holds it, a retry is due later, or
-- nothing is sent now. Returns its token, and what its sender needs; four times '' if the process does not get it.
local function reply_and_take(chat, elements, process)
  local length = redis.call('RPUSH', LANE .. chat, unpack(elements))
  if redis.call('HEXISTS', SENDING, chat) == 1 then return '', '', '', '' end
  local was_empty = length == #elements
  local due = not was_empty and redis.call('ZSCORE', LANES, chat)
  if process == '' or due and tonumber(due) > NOW or is_paused() then
    redis.call('ZADD', LANES, 'NX', NOW, chat)
    return '', '', '', ''
  end
  if was_empty then return take_lane(chat, process), offer(chat, elements[1]) end
  return take_lane(chat, process), first_reply(chat)
end

-- Removes the notices from the lane that are not sent yet.
local function drop_notices(chat)
  -- If a sender holds the lane, the first reply may be on its way: it stays.
  local being_sent = redis.call('HEXISTS', SENDING, chat)
  for place, element in ipairs(redis.call('LRANGE', LANE .. chat, being_sent, -1)) do
    if is_notice(element) then
      redis.call('LREM', LANE .. chat, -1, element)
      if place == 1 and being_sent == 0 and redis.call('HDEL', ATTEMPT, chat) == 1 then
        expect_echo(chat, element)
      end
    end
  end
end

-- Why a reply of the bot is not sent.
local AGENT_ANSWERS = 'an agent answers'

-- Whether an agent said it.
local function is_agents(element)
  return string.sub(element, 1, 1) == 'a'
end

-- Records a reply that is not sent because a person answers, so that the history has it. `perhaps`: it may have been sent.
-- `who`: that person.
local function record_unsent(chat, element, perhaps, who)
  if is_notice(element) then
    return
  end
  local reply = decode(string.sub(element, 2))
  local kind = type(reply.media) == 'table' and reply.media.kind or 'text'
  if kind == 'file' then kind = 'document' end
  local message = {chat = chat, direction = 'outbound', author = reply.by and 'agent' or 'bot', by = reply.by, kind = kind,
    text = reply.text, sent_at = NOW, received_at = reply.queued_at, reply_id = reply.id}
  record('reply', 'conversation', reply.conversation or '', 'state', 'failed',
    'reason', (perhaps and 'perhaps sent' or 'not sent') .. ': ' .. who,
    'data', cjson.encode(message))
end
