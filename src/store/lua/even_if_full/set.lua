-- Sets a key, even if Redis is full: see `even_if_full` in shared/basics.
-- KEYS: key
-- ARGV: value, expiry (ms, '' = never), if_absent ('1' = a value that is there stays)
-- Returns: the value before, if there was one
local before = redis.call('GET', KEYS[1])
if not (before and ARGV[3] == '1') then
  redis.call('DEL', KEYS[1])
  if ARGV[2] == '' then
    redis.call('SET', KEYS[1], ARGV[1])
  else
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  end
end
return before
