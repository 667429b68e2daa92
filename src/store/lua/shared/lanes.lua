-- What several scripts do with a lane (the replies of a chat).
-- Uses: sent_by_us

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

-- What the sender of a lane needs: its first reply, the earlier attempt on it that is in doubt ('' = none), and the id to
-- send it to ('' = the chat). From now on the sender may try it, so an attempt is noted with the time.
local function first_reply(chat)
  local element = redis.call('LINDEX', LANE .. chat, 0)
  if not element then
    return '', '', ''
  end
  local doubt, address = redis.call('HGET', ATTEMPT, chat), redis.call('HGET', ADDRESS, chat)
  if not doubt then
    redis.call('HSET', ATTEMPT, chat, string.format('%.0f - - %s', NOW, address or chat))
  end
  return element, doubt or '', address or ''
end

-- Removes the notices from the lane that are not sent yet.
local function drop_notices(chat)
  -- If a sender holds the lane, the first reply may be on its way: it stays.
  local being_sent = redis.call('HEXISTS', SENDING, chat)
  for place, element in ipairs(redis.call('LRANGE', LANE .. chat, being_sent, -1)) do
    if string.sub(element, 1, 1) == 'n' then
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
  if string.sub(element, 1, 1) == 'n' then
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
