-- An agent takes a conversation: the next in their lines, or this one, from wherever it is.
-- Uses: inbox, conversations, lanes, owner_takeover, actions, lines
-- KEYS: namespace
-- ARGV: action, by, chat ('' = the next), conversation, rev, holder (the colleague it is taken from; '' = from no colleague), max_chats, elsewhere (how many
--       conversations they hold in other sessions), all_lines ('1' = they take from all lines), then per team: team (whose line they take from)
-- Returns: as `answer_of` makes it: 'taken' (from 'line', 'bot', 'phone' or 'agent', and the holder before after a space) | 'yours' (they
--       have it already) | 'nobody' (nobody waits) | 'held' | 'changed' | 'closed' | 'many' (they hold as many as they may) | 'paused' (why,
--       JSON)
local action = next_action()
local max_chats, elsewhere, all_lines = next_number(), next_number(), next_text() == '1'
local teams = {}
while has_more() do teams[#teams + 1] = next_text() end
even_if_full()

-- The first of these lines: urgent ones first, then by ticket. Lines that are paused are left out; then also why.
local function first_in_line()
  if all_lines then
    teams = redis.call('SMEMBERS', TEAMS)
    teams[#teams + 1] = ''
  end
  local first, place, pause
  for _, team in ipairs(teams) do
    local head = redis.call('ZRANGE', line_of_team(team), 0, 0, 'WITHSCORES')
    if head[1] and line_pause(team) then
      pause = line_pause(team)
    elseif head[1] and (not place or tonumber(head[2]) < place) then
      first, place = head[1], tonumber(head[2])
    end
  end
  return first, pause
end

-- What the estimate needs to know of those who are called: how many are urgent, and how many conversations an agent holds at once
-- while others wait.
local function count_call(team, priority)
  redis.call('HSET', COUNTERS, 'called_at:' .. team, NOW, 'took_at:' .. action.by, NOW)
  local function smooth(field, newest, weight, first)
    local mean = tonumber(redis.call('HGET', COUNTERS, field) or first)
    redis.call('HSET', COUNTERS, field, string.format('%.0f', mean + (newest - mean) * weight))
  end
  smooth('urgent:' .. team, priority == 'urgent' and 1000 or 0, 0.02, 0)
  if first_in_line() then
    local held = count_held(action.by) * 1000
    smooth('parallel:' .. action.by, held, 0.2, held)
  end
end

local function take()
  local chat = action.chat
  if chat == '' then
    local first, pause = first_in_line()
    if not first then
      return {pause and 'paused' or 'nobody', '', '', '', '', pause or ''}
    end
    chat = first
  end
  local holder = holder_of(chat)
  -- The owner may write with a customer without an open conversation: the agent needs one.
  local opens = not holder and action.holder == '' and action.conversation == '' and taken_over_until(chat)
  if not holder and not opens then return answer_of('closed', chat) end
  local id, rev, team, priority = unpack(redis.call('HMGET', CHAT .. chat, 'id', 'rev', 'team', 'priority'))
  local status = redis.call('HGET', CHAT .. chat, 'status')
  if opens then status = 'phone' end
  if status == 'agent' and holder == action.by then return answer_of('yours', chat) end
  if (status == 'agent' and holder or '') ~= action.holder then return answer_of('held', chat) end
  if action.conversation ~= '' and action.conversation ~= id or action.rev ~= '' and action.rev ~= rev then
    return answer_of('changed', chat)
  end
  local pause = line_pause(status == 'handoff' and team or '')
  if pause then return answer_of('paused', chat, pause) end
  if count_held(action.by) + elsewhere >= max_chats then return answer_of('many', chat) end
  if opens then
    local name = decode(first_unread(chat) or '').name
    id = open(chat, type(name) == 'string' and name or '', redis.call('HGET', CHAT .. chat, 'status'))
  end
  local waits_since = NOW
  if status == 'agent' then waits_since = redis.call('ZSCORE', HELD_SINCE, chat) end
  take_out(chat, AGENT_ANSWERS)
  hold(chat, action.by, status)
  if waits_since then redis.call('ZADD', HELD_SINCE, waits_since, chat) end
  local from = ({waiting = 'line', handoff = 'line', active = 'bot', phone = 'phone', agent = 'agent'})[status]
  record('taken', 'conversation', id, 'chat', chat, 'at', NOW, 'by', action.by, 'from', from, 'before', status == 'agent' and holder or '')
  if status == 'handoff' then count_call(team or '', priority) end
  return done(action, answer_of('taken', chat, status == 'agent' and from .. ' ' .. holder or from))
end

return done_before(action) or take()
