-- What is known of the lines for people of a session: who waits, and whom agents hold. It only reads.
-- KEYS: namespace
-- ARGV: count (of teams, at most)
-- Returns: {agent and team, separated by a space, per conversation that is held}, {field, value... of the counters}, then per team:
--         {team ('' = none), how many wait for its people, since when (ms) the first of them has waited}
local count = next_number()
local answer = {redis.call('HVALS', HELD), redis.call('HGETALL', COUNTERS)}

local function add(team, line)
  local head = redis.call('ZRANGE', line, 0, 0)[1]
  local since, opened
  if head then since, opened = unpack(redis.call('HMGET', CHAT .. head, 'waiting_since', 'opened')) end
  answer[#answer + 1] = {team, tostring(redis.call('ZCARD', line)), since or opened or '0'}
end

add('', HANDOFF)
for i, team in ipairs(redis.call('SMEMBERS', TEAMS)) do
  if i > count then break end
  add(team, HANDOFF_TO .. team)
end
return answer
