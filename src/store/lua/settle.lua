-- What became of the first reply of lanes: taken by WAHA, given up on, or to be tried again later.
-- KEYS: namespace
-- ARGV: session, process, now (ms), dead_max, then per lane: chat, element, verdict ('sent' | 'dead' | 'retry' | 'release'),
--       due (ms, for retry), again (the element as it is to be tried again), conversation, data (JSON, for the history), reason
-- Returns per lane: the next reply, which is the sender's to send, or '' if the lane is no longer its own
local process, now = ARGV[2], tonumber(ARGV[3])
local paused = redis.call('EXISTS', PAUSED) == 1
local answer = {}
for i = 5, #ARGV, 8 do
  local chat, element, verdict, due = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local again, conversation, data, reason = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], ARGV[i + 7]
  local lane = LANE .. chat
  local following = ''
  if redis.call('HGET', SENDING, chat) == process then
    local mine = redis.call('LINDEX', lane, 0) == element
    if verdict == 'sent' or verdict == 'dead' then
      -- Not mine: this very verdict was written before, and its answer was lost.
      if mine then
        redis.call('LPOP', lane)
        record('reply', 'conversation', conversation, 'state', verdict == 'sent' and 'sent' or 'failed', 'reason', reason, 'data', data)
        redis.call('HINCRBY', COUNTERS, 'replies:' .. verdict, 1)
        if verdict == 'dead' then
          redis.call('XADD', DEAD, 'MAXLEN', '~', ARGV[4], '*', 'chat', chat, 'reason', reason, 'reply', element)
        end
      end
      following = redis.call('LINDEX', lane, 0) or ''
      if following == '' or paused then
        redis.call('HDEL', SENDING, chat)
        if following ~= '' then
          redis.call('ZADD', LANES, now, chat)
          following = ''
        end
      end
    else
      if verdict == 'retry' then
        if mine then
          redis.call('LSET', lane, 0, again)
        end
        redis.call('HINCRBY', COUNTERS, 'replies:retried', 1)
      end
      redis.call('HDEL', SENDING, chat)
      redis.call('ZADD', LANES, due, chat)
    end
  end
  answer[#answer + 1] = following
end
return answer
