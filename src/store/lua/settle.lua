-- What became of the first reply of lanes: taken by WAHA, given up on, or to be tried again later.
-- KEYS: namespace
-- ARGV: session, now (ms), dead_max, then per lane: chat, token, element, verdict ('sent' | 'dead' | 'retry' | 'release'),
--       due (ms, for retry and release), again (the element as it is to be tried again), conversation, data (JSON, for the
--       history), reason
-- Returns per lane: the next reply, which is the sender's to send under the same token, or '' if the lane is empty, has
--       to wait, or is no longer its own
local now = tonumber(ARGV[2])
local paused = redis.call('EXISTS', PAUSED) == 1
local answer = {}
for i = 4, #ARGV, 9 do
  local chat, token, element, verdict, due = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local again, conversation, data, reason = ARGV[i + 5], ARGV[i + 6], ARGV[i + 7], ARGV[i + 8]
  local lane = LANE .. chat
  local following = ''
  local held = redis.call('HGET', SENDING, chat) == token
  local first = redis.call('LINDEX', lane, 0) == element
  if first and (verdict == 'sent' or verdict == 'dead') then
    -- Whoever holds the lane by now: what WAHA took is not sent again. If it is not the first any more, this very
    -- verdict was written before, and its answer was lost.
    redis.call('LPOP', lane)
    record('reply', 'conversation', conversation, 'state', verdict == 'sent' and 'sent' or 'failed', 'reason', reason, 'data', data)
    redis.call('HINCRBY', COUNTERS, 'replies:' .. verdict, 1)
    if verdict == 'dead' then
      redis.call('XADD', DEAD, 'MAXLEN', '~', ARGV[3], '*', 'chat', chat, 'reason', reason, 'reply', element)
    end
  end
  if held then
    if verdict == 'sent' or verdict == 'dead' then
      following = redis.call('LINDEX', lane, 0) or ''
      due = now
    elseif verdict == 'retry' and first then
      redis.call('LSET', lane, 0, again)
      redis.call('HINCRBY', COUNTERS, 'replies:retried', 1)
    end
    if following == '' or paused then
      following = ''
      redis.call('HDEL', SENDING, chat)
      if redis.call('EXISTS', lane) == 1 then
        redis.call('ZADD', LANES, due, chat)
      end
    end
  end
  answer[#answer + 1] = following
end
return answer
