-- What people do to a conversation by hand: each action compares what they saw with what is, so that one of two wins.
-- Uses: inbox, conversations, lanes, limits, owner_takeover, lines

-- How long (ms) we remember an action, so that repeating it does nothing.
local ACTION_TTL = 86400000

-- The longest `phone_quiet` (ms).
local TAKEOVER_LONGEST = 86400000

-- The arguments that every action begins with. `conversation` and `rev` are what the person saw ('' = they don't matter), and
-- `holder` is who they think has it ('' = nobody).
local function next_action()
  local action = {id = next_text(), by = next_text(), chat = next_text(), conversation = next_text(), rev = next_text(), holder = next_text()}
  if action.chat ~= '' then action.chat = chat_of(action.chat) end
  return action
end

-- Who has a conversation, and since when: an agent, 'bot', 'phone', or '' (it waits); nil if none is open.
local function holder_of(chat)
  local status, holder, taken, claimed, waiting_since, opened =
    unpack(redis.call('HMGET', CHAT .. chat, 'status', 'holder', 'taken', 'claimed', 'waiting_since', 'opened'))
  if status == 'agent' then return holder, taken end
  if status == 'active' then return 'bot', claimed or opened end
  if status == 'phone' then return 'phone', redis.call('HGET', OWNER_WROTE_AT, chat) or opened end
  if status == 'waiting' or status == 'handoff' then return '', waiting_since or opened end
end

-- An answer: what came of it, the chat, its conversation, who has it now, since when (ms), and more about it.
local function answer_of(result, chat, more)
  local holder, since = holder_of(chat)
  return {result, chat, redis.call('HGET', CHAT .. chat, 'id') or '', holder or '', since or '', more or ''}
end

-- The answer to an action that was done before; nil if it was not.
local function done_before(action)
  local answer = redis.call('GET', ACTION .. action.id)
  return answer and decode(answer)
end

-- Remembers that an action was done. Returns its answer.
local function done(action, answer)
  redis.call('SET', ACTION .. action.id, cjson.encode(answer), 'PX', ACTION_TTL)
  return answer
end

-- Why an action can't be done: 'closed' (no conversation is open), 'changed' (it is another one, or has gone on), or 'held' (somebody
-- else has it); nil if it can.
local function refused(action)
  local chat = action.chat
  local holder = holder_of(chat)
  if not holder then return answer_of('closed', chat) end
  local id, rev = unpack(redis.call('HMGET', CHAT .. chat, 'id', 'rev'))
  if action.conversation ~= '' and action.conversation ~= id then return answer_of('changed', chat) end
  if holder ~= action.holder then return answer_of('held', chat) end
  if action.rev ~= '' and action.rev ~= rev then return answer_of('changed', chat) end
end

-- How many conversations an agent holds in this session.
local function count_held(agent)
  local held = 0
  for _, one in ipairs(redis.call('HVALS', HELD)) do
    if string.match(one, '^%S+') == agent then held = held + 1 end
  end
  return held
end

-- An agent has a conversation from now on. It has left its line, its worker, or the phone; `status` is what it was there.
local function hold(chat, agent, status)
  redis.call('HDEL', CHAT .. chat, 'owner', 'epoch', 'claimed', 'examined', 'told', 'told_at',
    'waiting_since', 'before', 'before_due')
  -- A move in the line for the bot counts there.
  if status ~= 'handoff' and status ~= 'agent' then redis.call('HDEL', CHAT .. chat, 'place') end
  local team = redis.call('HGET', CHAT .. chat, 'team') or ''
  redis.call('HSET', CHAT .. chat, 'status', 'agent', 'holder', agent, 'taken', NOW)
  redis.call('HSETNX', CHAT .. chat, 'attended', NOW)
  redis.call('HINCRBY', CHAT .. chat, 'rev', 1)
  redis.call('HSET', HELD, chat, team == '' and agent or agent .. ' ' .. team)
  ring_due()
end

-- Takes a conversation from whoever has it, out of every list. Returns what its status was. `who`: why the bot's unsent replies are
-- dropped; nil = they are still sent.
local function take_out(chat, who)
  local status, process, team = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'owner', 'team'))
  unlist(chat)
  if who then drop_unsent(chat, who) else drop_notices(chat) end
  redis.call('HDEL', OWNER_WROTE_AT, chat)
  if redis.call('ZREM', TAKEOVER_UNTIL, chat) == 1 then
    -- What the owner wrote before this may arrive later: it takes nothing over.
    redis.call('SET', TAKEOVER_ENDED_AT .. chat, string.format('%.0f', NOW), 'PX', TAKEOVER_LONGEST)
  end
  end_left_alone(chat)
  ring_process(process, chat, 'agent')
  if status == 'waiting' or status == 'handoff' then notify_head(line_of(status, team)) end
  return status
end

-- Messages that the person has seen (a number; '' = all of them) are answered, or were for them. Later ones stay.
local function drop_seen(chat, seen)
  if seen == '' then
    clear_inbox(chat)
  else
    drop_first(chat, tonumber(seen))
    if not first_unread(chat) then clear_inbox(chat) end
  end
end

-- The line of a team, or of the whole session, is paused: since when and why, JSON; nil if it is not.
local function line_pause(team)
  return redis.call('HGET', LINE_PAUSED, '') or (team or '') ~= '' and redis.call('HGET', LINE_PAUSED, team) or nil
end
