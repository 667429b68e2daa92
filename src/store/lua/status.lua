-- Stores the status of a session. Only WORKING lets its replies, notices and timeouts run; any other status pauses them.
-- KEYS: namespace
-- ARGV: at (ms by WAHA's clock: when the session had this status; 0 = it is not from an event), status ('' = it can't send), alarm
--       ('1' = the owner must do something), ask_after (ms: after an event, we don't ask WAHA for this long), grace (ms: a
--       pause that begins with this status and ends within this time does not restart the customers' silence)
-- Returns: 'stale' (we know something newer) | 'works' | 'resumed' | 'paused', since when it is or was paused (ms, or 0),
--       1 if the owner must be notified and was not yet, else 0, since when it has this status (ms, or 0)
local at, status, alarm, ask_after, grace = next_number(), next_text(), next_text(), next_number(), next_number()
local last_at, last_status, status_since, counts_from =
  unpack(redis.call('HMGET', STATUS, 'at', 'status', 'status_since', 'counts_from'))
local last = known_time(last_at)
if at > 0 and at < last then
  return {'stale', 0, 0, 0}
end
even_if_full()
local since = redis.call('GET', PAUSED)
-- That it can't send says less than the word that we have.
if status == '' and since then
  status = last_status or ''
end
redis.call('HSET', STATUS, 'status', status, 'at', string.format('%.0f', math.max(at, last)))
if status ~= last_status then
  status_since = NOW
  redis.call('HSET', STATUS, 'status_since', string.format('%.0f', NOW), 'status_before', last_status or '')
end
if status == 'WORKING' then
  if not since then
    return {'works', 0, 0, 0}
  end
  if NOW >= tonumber(counts_from or since) then
    redis.call('HSET', STATUS, 'works_since', NOW)
  end
  redis.call('DEL', PAUSED, STATUS_ASKED)
  redis.call('HSET', STATUS, 'spread_notices', 1)
  ring('lanes')
  return {'resumed', tonumber(since), 0, 0}
end
if not since then
  since = string.format('%.0f', NOW)
  redis.call('SET', PAUSED, since)
  redis.call('HSET', STATUS, 'counts_from', string.format('%.0f', NOW + grace))
elseif alarm == '1' and counts_from and tonumber(counts_from) > NOW then
  redis.call('HSET', STATUS, 'counts_from', string.format('%.0f', NOW))
end
if at > 0 then
  redis.call('SET', STATUS_ASKED, '1', 'PX', ask_after)
end
local first = alarm == '1' and redis.call('HGET', STATUS, 'alarmed') ~= since
if first then
  redis.call('HSET', STATUS, 'alarmed', since)
end
return {'paused', tonumber(since), first and 1 or 0, tonumber(status_since or since)}
