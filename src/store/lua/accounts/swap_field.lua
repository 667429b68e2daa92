-- Replaces a field of a hash if nobody has changed it since it was read.
-- KEYS: hash
-- ARGV: field, before ('' = there was none), after
-- Returns: 1 if it was replaced, 0 if it has changed
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
