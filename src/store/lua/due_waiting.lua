-- Finds the customers in line to look at now. Each is due again after `lease`, in case the process dies before `announce`.
-- Uses: conversations
-- KEYS: namespace
-- ARGV: count, lease (ms)
-- Returns the lines that are paused: {team ('' = the whole session), pause (JSON)...}, then per chat: {chat, id, position, since (ms:
--         when it began to wait), told or '', told_at or '', examined, name, rev, state or '', '1' if it waits for a person, else '',
--         team ('' = none), moved (ms: when it was moved in its line, and not told its place since; '' = not), told_pause or '', '1' if it is
--         urgent, else '', messages not examined...}
even_if_full()
local count, lease = next_number(), next_number()
local answer, bytes = {redis.call('HGETALL', LINE_PAUSED)}, 0
for _, chat in ipairs(redis.call('ZRANGEBYSCORE', LOOK_AT, '-inf', NOW, 'LIMIT', 0, count)) do
  -- The others are due, too: the caller looks again.
  if bytes > ANSWER_BYTES_MAX then break end
  local status, id, opened, told, told_at, examined, name, rev, state, since, team, moved, told_pause, priority =
    unpack(redis.call('HMGET', CHAT .. chat, 'status', 'id', 'opened', 'told', 'told_at', 'examined', 'name', 'rev', 'state', 'waiting_since',
      'team', 'moved', 'told_pause', 'priority'))
  local rank = redis.call('ZRANK', line_of(status, team), chat)
  if (status == 'waiting' or status == 'handoff') and rank then
    redis.call('ZADD', LOOK_AT, NOW + lease, chat)
    local one = redis.call('LRANGE', INBOX .. chat, examined or 0, -1)
    for _, message in ipairs(one) do bytes = bytes + #message end
    for j, field in ipairs({chat, id, tostring(rank + 1), since or opened, told or '', told_at or '', examined or '0', name or '', rev or '0',
      state or '', status == 'handoff' and '1' or '', status == 'handoff' and team or '', moved or '', told_pause or '',
      priority == 'urgent' and '1' or ''}) do
      table.insert(one, j, field)
    end
    answer[#answer + 1] = one
  else
    redis.call('ZREM', LOOK_AT, chat)
  end
end
return answer
