-- Agents who leave their customers without an answer, or are gone, lose their conversations: these wait for a person again, in their old
-- places.
-- Uses: conversations
-- KEYS: namespace
-- ARGV: agent_quiet (ms: how long a customer may wait for an answer), then per agent: agent, why ('gone' | 'off': they lose all)
-- Returns: per conversation: chat, agent, why ('quiet' | 'gone' | 'off')
local agent_quiet, absent = next_number(), {}
while has_more() do
  local agent = next_text()
  absent[agent] = next_text()
end
local answer = {}
if redis.call('EXISTS', PAUSED) == 1 then
  -- While the session is paused, nobody can be answered.
  return answer
end
even_if_full()

local function give_back(chat, agent, why)
  local key = CHAT .. chat
  local id, team = unpack(redis.call('HMGET', key, 'id', 'team'))
  redis.call('HINCRBY', key, 'rev', 1)
  wait_for_person(chat, team or '', wait_ends(chat))
  record('returned', 'conversation', id, 'chat', chat, 'at', NOW, 'by', agent, 'why', why, 'team', team or '')
  for _, field in ipairs({chat, agent, why}) do answer[#answer + 1] = field end
end

-- While the session was paused, what an agent said could not leave.
local works_since = known_time(redis.call('HGET', STATUS, 'works_since'))
local held = redis.call('HGETALL', HELD)
for i = 1, #held, 2 do
  local chat, agent = held[i], string.match(held[i + 1], '^%S+')
  local waits_since = redis.call('ZSCORE', HELD_SINCE, chat)
  if absent[agent] then
    give_back(chat, agent, absent[agent])
  elseif waits_since and math.max(tonumber(waits_since), works_since) + agent_quiet <= NOW then
    give_back(chat, agent, 'quiet')
  end
end
return answer
