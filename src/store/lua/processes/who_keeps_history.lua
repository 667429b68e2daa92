-- Says which process keeps the history, and in which file.
-- KEYS: hash
-- Returns: {file, label, '1' (it is alive) or ''}, or nothing if no process ever kept it
local file, label, to = unpack(redis.call('HMGET', KEYS[1], 'file', 'label', 'until'))
if not file then
  return {}
end
local time = redis.call('TIME')
return { file, label, tonumber(to) > time[1] * 1000 + math.floor(time[2] / 1000) and '1' or '' }
