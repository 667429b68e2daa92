-- Ends what is over by time alone: takeovers by the owner, and the wait for a person who did not come.
-- Uses: conversations, owner_takeover, lines
-- KEYS: namespace
-- ARGV: count
-- Returns: how many takeovers ended, how many conversations continue without a person, how many agents hold
local count = next_number()
if redis.call('EXISTS', PAUSED) == 1 then
  -- While the session is paused, customers can't reach us, so nothing may end because of silence.
  return {0, 0, 0}
end
even_if_full()
local takeovers_over = redis.call('ZRANGEBYSCORE', TAKEOVER_UNTIL, '-inf', NOW, 'LIMIT', 0, count)
for _, chat in ipairs(takeovers_over) do
  end_takeover(chat)
end
local handoffs_over = redis.call('ZRANGEBYSCORE', HANDOFF_DUE, '-inf', NOW, 'LIMIT', 0, count)
for _, chat in ipairs(handoffs_over) do
  local status, id, team = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'id', 'team'))
  unlist(chat)
  if status == 'handoff' then
    -- A move, an urgency and a limit count for the line in which they were set.
    redis.call('HDEL', CHAT .. chat, 'place', 'priority', 'within')
    wait_for_worker(chat)
    record('nobody_came', 'conversation', id, 'chat', chat, 'at', NOW, 'team', team or '')
    notify_head(line_of_team(team))
  end
end
if #handoffs_over > 0 then
  ring('queue')
end
return {#takeovers_over, #handoffs_over, redis.call('HLEN', HELD)}
