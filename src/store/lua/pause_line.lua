-- The owner pauses the line of a team or of the whole session, or ends the pause: meanwhile nobody is claimed or taken.
-- Uses: actions, lines
-- KEYS: namespace
-- ARGV: action, by, team ('' = the whole session), pauses ('1' = the pause begins, '' = it ends), words (for customers)
-- Returns: 1, or 0 if it was so already. A pause that goes on gets the new words.
local action = {id = next_text()}
local by, team, pauses, words = next_text(), next_text(), next_text() == '1', next_text()
even_if_full()

-- How many of each line are looked at soon after a pause. The others are looked at within the time for which notices are held.
local LOOK_SOON_MAX = 100

-- The pause is over: those who were not told anything meanwhile are looked at.
local function look_again(line)
  for _, chat in ipairs(redis.call('ZRANGE', line, 0, LOOK_SOON_MAX - 1)) do
    redis.call('ZADD', LOOK_AT, 'XX', 'LT', NOW, chat)
  end
end

local function look_at_lines()
  -- Not all get a notice at once.
  redis.call('HSET', STATUS, 'spread_notices', 1)
  if team ~= '' then return look_again(line_of_team(team)) end
  look_again(QUEUE)
  look_again(HANDOFF)
  for _, one in ipairs(redis.call('SMEMBERS', TEAMS)) do look_again(line_of_team(one)) end
end

local before = done_before(action)
if before then return before[1] end
local pause = redis.call('HGET', LINE_PAUSED, team)
if pauses then
  local since = pause and decode(pause).since or NOW
  redis.call('HSET', LINE_PAUSED, team, cjson.encode({since = since, by = by, text = words}))
  if team ~= '' then redis.call('SADD', TEAMS, team) end
elseif pause then
  redis.call('HDEL', LINE_PAUSED, team)
  look_at_lines()
  ring('queue')
end
ring('announce')
local changed = pauses ~= (pause and true or false)
if changed or pauses then
  record(pauses and 'line_paused' or 'line_resumed', 'at', NOW, 'team', team, 'by', by, 'text', words)
end
done(action, {changed and 1 or 0})
return changed and 1 or 0
