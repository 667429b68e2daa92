-- Stores the status of a session. Only WORKING lets its replies, notices and timeouts run; any other status pauses them.
-- KEYS: namespace
-- ARGV: at (ms by WAHA's clock: when the session had this status; 0 = it is not from an event), status ('' = it can't send), alarm
--       ('1' = the owner must do something), ask_after (ms: after an event, we don't ask WAHA for this long)
-- Returns: 'stale' (we know something newer) | 'works' | 'resumed' | 'paused', since when it is or was paused (ms, or 0),
--       1 if the owner must be notified and was not yet, else 0
local at, status, alarm, ask_after = next_number(), next_text(), next_text(), next_number()
local last = tonumber(redis.call('HGET', STATUS, 'at') or 0)
if at > 0 and at < last then
  return {'stale', 0, 0}
end
redis.call('HSET', STATUS, 'status', status, 'at', string.format('%.0f', math.max(at, last)))
local since = redis.call('GET', PAUSED)
if status == 'WORKING' then
  if not since then
    return {'works', 0, 0}
  end
  redis.call('HSET', STATUS, 'works_since', NOW)
  redis.call('DEL', PAUSED, STATUS_ASKED)
  ring('lanes')
  return {'resumed', tonumber(since), 0}
end
if not since then
  since = string.format('%.0f', NOW)
  redis.call('SET', PAUSED, since)
end
if at > 0 then
  redis.call('SET', STATUS_ASKED, '1', 'PX', ask_after)
end
local first = alarm == '1' and redis.call('HGET', STATUS, 'alarmed') ~= since
if first then
  redis.call('HSET', STATUS, 'alarmed', since)
end
return {'paused', tonumber(since), first and 1 or 0}
