-- Adds to a set or a sorted set, even if Redis is full: see `even_if_full` in shared/basics.
-- KEYS: key
-- ARGV: remove ('SREM' | 'ZREM'), add ('SADD' | 'ZADD'), the arguments of `add`...
-- Returns: what `add` returns
redis.call(ARGV[1], KEYS[1], '')
return redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
