-- A person gives a conversation away: back to the bot, to the line of a team, or to a colleague.
-- Uses: conversations, actions
-- KEYS: namespace
-- ARGV: action, by, chat, conversation, rev, holder, seen (how many unread messages they saw; '' = all), to ('bot' | 'step:<step>' | 'team:<team>' |
--       'agent:<agent>'), state (of the flow, JSON, for 'bot' and 'step'; else ''), room (for 'agent': how many conversations of this
--       session they may hold)
-- Returns: as `answer_of` makes it: 'given' | 'held' | 'changed' | 'closed' | 'many' (the colleague holds as many as they may)
local action = next_action()
local seen, to, state, room = next_text(), next_text(), next_text(), next_number()
even_if_full()

local function give()
  local refusal = refused(action)
  if refusal then return refusal end
  local chat = action.chat
  local key = CHAT .. chat
  local to_agent, to_team = string.match(to, '^agent:(.*)$'), string.match(to, '^team:(.*)$')
  if to_agent and (to_agent == action.holder or count_held(to_agent) >= room) then
    return answer_of(to_agent == action.holder and 'held' or 'many', chat)
  end
  local id, attended = unpack(redis.call('HMGET', key, 'id', 'attended'))
  local waits_since = redis.call('ZSCORE', HELD_SINCE, chat)
  record('given', 'conversation', id, 'chat', chat, 'at', NOW, 'by', action.by, 'to', to)
  if attended and not to_agent then add_attended_time(chat) end
  local status = take_out(chat, nil)
  if to_agent then
    hold(chat, to_agent, status)
    if status ~= 'agent' then waits_since = NOW end
    if waits_since then redis.call('ZADD', HELD_SINCE, waits_since, chat) end
  elseif to_team then
    redis.call('HDEL', key, 'place')
    redis.call('HINCRBY', key, 'rev', 1)
    wait_for_person(chat, to_team, wait_ends(chat))
    ring('announce')
  else
    -- Who waits for the bot has written to the bot.
    if status ~= 'waiting' then drop_seen(chat, seen) end
    redis.call('HDEL', key, 'place', 'claimed', 'priority', 'within')
    redis.call('HSET', key, 'state', state)
    redis.call('HINCRBY', key, 'rev', 1)
    wait_for_worker(chat)
    ring('queue')
  end
  return done(action, answer_of('given', chat))
end

return done_before(action) or give()
