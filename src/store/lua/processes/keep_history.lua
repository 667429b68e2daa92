-- A process asks to keep the history, or keeps it for longer. One process keeps it at a time. The first file is the history's file for
-- good; another one becomes it only if the owner wants that, and no living process keeps the first one.
-- Also runs if Redis is full, because the process that keeps the history makes space: see `even_if_full` in shared/basics.
-- KEYS: hash
-- ARGV: file, process, place, label, how long it holds (ms, 0 = it ends now), replace ('1' = this file may replace another)
-- Returns: 'kept' | 'taken' (another process kept it before) | 'shared' (a living process keeps it in a copy of this file) |
--   'elsewhere' (in another file) | 'left' (in another file, and the process that did so is gone); then the label of the other process
local file, process, place, label, to = unpack(redis.call('HMGET', KEYS[1], 'file', 'process', 'place', 'label', 'until'))
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local is_ours = file == ARGV[1] and process == ARGV[2]
-- A place has one process at a time, so the one before us there is gone.
local is_alive = file and not is_ours and tonumber(to) > now and (place ~= ARGV[3] or place == '')
if file and file ~= ARGV[1] and (is_alive or ARGV[6] ~= '1') then
  return { is_alive and 'elsewhere' or 'left', label }
end
if is_alive then
  return { 'shared', label }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'file', ARGV[1], 'process', ARGV[2], 'place', ARGV[3], 'label', ARGV[4], 'until', now + ARGV[5])
return { is_ours and 'kept' or 'taken', '' }
