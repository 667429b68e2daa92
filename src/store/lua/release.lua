-- Takes back everything that a process holds: its conversations return to their old places in line, and its lanes
-- are due.
-- Uses: conversations, sent_by_us
-- KEYS: namespace
-- ARGV: process
-- Returns: how many conversations, how many lanes
local process = next_text()
local conversations, lanes = 0, 0
even_if_full()
local active = redis.call('HGETALL', ACTIVE)
for i = 1, #active, 2 do
  if active[i + 1] == process then
    local chat = active[i]
    redis.call('HDEL', ACTIVE, chat)
    redis.call('SREM', UNREAD, chat)
    local id = redis.call('HGET', CHAT .. chat, 'id')
    if id then
      requeue(chat, id)
      conversations = conversations + 1
    end
  end
end
local sending = redis.call('HGETALL', SENDING)
for i = 1, #sending, 2 do
  if string.sub(sending[i + 1], 1, #process + 1) == process .. ' ' then
    redis.call('HDEL', SENDING, sending[i])
    if redis.call('HEXISTS', ATTEMPT, sending[i]) == 1 then
      -- It may be sent again, and then both messages have an echo.
      expect_echo(sending[i], redis.call('LINDEX', LANE .. sending[i], 0) or '')
    end
    redis.call('ZADD', LANES, NOW, sending[i])
    lanes = lanes + 1
  end
end
if conversations > 0 then ring('queue') end
if lanes > 0 then ring('lanes') end
return {conversations, lanes}
