-- The lines: which one a conversation stands in, and whose turn it is to get a notice. Those who may be due for one stand in a list of
-- their line, in its order. So the first in line are told first, and each their place at the moment of their turn.

-- How long (ms) a notice counts against what a session may send in a minute.
local MINUTE = 60000

-- A notice that waits in its lane for longer than this (ms) is only sent if the place in it is still true.
local FRESH_FOR = 10000

-- Among the chats to look at: when it is the turn of the next who are put off.
local NEXT_TURN = '*'

-- The line of those who wait for a person of this team ('' = of no team in particular).
local function line_of_team(team)
  return (team or '') == '' and HANDOFF or HANDOFF_TO .. team
end

-- The line of a conversation with this status and team.
local function line_of(status, team)
  return status == 'handoff' and line_of_team(team) or QUEUE
end

-- The list of those in a line who are put off until it is their turn.
local function put_off_in(line)
  return PUT_OFF .. string.sub(line, #KEYS[1] + 1)
end

-- The notice of a customer waits until it is their turn.
local function put_off(chat, line)
  redis.call('ZADD', put_off_in(line), redis.call('ZSCORE', line, chat), chat)
  redis.call('ZREM', LOOK_AT, chat)
  redis.call('ZADD', LOOK_AT, 'NX', NOW, NEXT_TURN)
end

-- A customer has left a line: no notice is due any more.
local function end_put_off(chat, line)
  redis.call('ZREM', put_off_in(line), chat)
end

local function is_notice(element)
  return string.sub(element, 1, 1) == 'n'
end

local function id_of(element)
  return decode(string.sub(element, 2)).id or ''
end

-- How many more notices the session may send now.
local function free_notices(per_minute)
  redis.call('ZREMRANGEBYSCORE', NOTICES, '-inf', NOW - MINUTE)
  -- The clock was set back.
  redis.call('ZREMRANGEBYSCORE', NOTICES, NOW + MINUTE, '+inf')
  return per_minute - redis.call('ZCARD', NOTICES)
end

-- When (ms) the session may send the next notice, if it may send none now.
local function next_free(per_minute)
  local over = redis.call('ZCARD', NOTICES) - per_minute
  return redis.call('ZRANGE', NOTICES, over, over, 'WITHSCORES')[2] + MINUTE
end

-- A notice is on its way now. It counts for a minute from the last time that this is said of it: when it is put into its lane, when a
-- sender gets it, and when WAHA has taken it.
local function count_notice(element)
  if is_notice(element) then
    redis.call('ZADD', NOTICES, NOW, id_of(element))
    redis.call('PEXPIRE', NOTICES, 2 * MINUTE)
  end
end

-- Whether a notice has waited for so long that it does not count any more: it must not be sent.
local function is_expired(element)
  return is_notice(element) and (tonumber(decode(string.sub(element, 2)).queued_at) or 0) <= NOW - MINUTE
end
