-- A session works again: spreads the notices, so that they don't all leave at the same moment, and replaces old ones, so
-- that no customer reads an outdated place.
-- Uses: lanes
-- KEYS: namespace
-- ARGV: gap (ms: between two customers who are due)
-- Returns: how many were due
even_if_full()
local gap, due = next_number(), 0
local waiting = redis.call('ZRANGE', QUEUE, 0, -1)
local lines = {HANDOFF}
for _, team in ipairs(redis.call('SMEMBERS', TEAMS)) do
  lines[#lines + 1] = HANDOFF_TO .. team
end
for _, line in ipairs(lines) do
  for _, chat in ipairs(redis.call('ZRANGE', line, 0, -1)) do
    waiting[#waiting + 1] = chat
  end
end
for _, chat in ipairs(waiting) do
  local replies = redis.call('LLEN', LANE .. chat)
  if replies > 0 then
    drop_notices(chat)
    if redis.call('LLEN', LANE .. chat) < replies then
      redis.call('HDEL', CHAT .. chat, 'told', 'told_at')
      redis.call('ZADD', LOOK_AT, NOW, chat)
    end
  end
  if tonumber(redis.call('ZSCORE', LOOK_AT, chat) or NOW + 1) <= NOW then
    redis.call('ZADD', LOOK_AT, NOW + due * gap, chat)
    due = due + 1
  end
end
return due
