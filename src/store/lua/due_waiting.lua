-- Finds the customers in line to look at now: those who may have written a word for the queue, and, as long as the session may
-- still send notices in this minute, the first of those who may be due for one. Each is due again after `lease`, in case the process
-- dies before `announce`.
-- Uses: lines
-- KEYS: namespace
-- ARGV: count, lease (ms), per_minute (how many notices that nobody asked for the session may send in a minute)
-- Returns '1' if there may be more to look at now, else ''; the lines that are paused: {team ('' = the whole session), pause (JSON)...};
--         then per chat, those whose turn it is in the order of their places: {chat, id, position, since (ms:
--         when it began to wait), told or '', told_at or '', examined, name, rev, state or '', '1' if it waits for a person, else '',
--         team ('' = none), moved (ms: when it was moved in its line, and not told its place since; '' = not), told_pause or '', '1' if it is
--         urgent, else '', '1' if it is its turn to get a notice, else '', messages not examined...}
even_if_full()
local count, lease, per_minute = next_number(), next_number(), next_number()
local paused = redis.call('HGETALL', LINE_PAUSED)
local answer, bytes = {'', paused}, 0

-- The session works again: what it may send in the first minute is spread over that minute.
local function spread_notices()
  for i = 1, per_minute - 1 do
    redis.call('ZADD', NOTICES, NOW - MINUTE + math.floor(i * MINUTE / per_minute), 'after-pause:' .. i)
  end
end

local function add(chat, rank, turn)
  redis.call('ZADD', LOOK_AT, NOW + lease, chat)
  local status, id, opened, told, told_at, examined, name, rev, state, since, team, moved, told_pause, priority =
    unpack(redis.call('HMGET', CHAT .. chat, 'status', 'id', 'opened', 'told', 'told_at', 'examined', 'name', 'rev', 'state', 'waiting_since',
      'team', 'moved', 'told_pause', 'priority'))
  local one = redis.call('LRANGE', INBOX .. chat, examined or 0, -1)
  for _, message in ipairs(one) do bytes = bytes + #message end
  for j, field in ipairs({chat, id, tostring(rank + 1), since or opened, told or '', told_at or '', examined or '0', name or '', rev or '0',
    state or '', status == 'handoff' and '1' or '', status == 'handoff' and team or '', moved or '', told_pause or '',
    priority == 'urgent' and '1' or '', turn}) do
    table.insert(one, j, field)
  end
  answer[#answer + 1] = one
end

-- Whether a customer may have written a word for the queue. The message that opened the conversation is none; while a line is paused, it
-- is answered.
local function has_words(chat, rev, examined)
  local opening = rev == '0' and #paused == 0 and 1 or 0
  return redis.call('LLEN', INBOX .. chat) > math.max(tonumber(examined or 0), opening)
end

local function all_lines()
  local lines = {QUEUE, HANDOFF}
  for _, team in ipairs(redis.call('SMEMBERS', TEAMS)) do
    if team ~= '' then lines[#lines + 1] = HANDOFF_TO .. team end
  end
  return lines
end

-- The lines that somebody is put off in.
local function lines_put_off()
  local found = {}
  for _, line in ipairs(all_lines()) do
    if redis.call('EXISTS', put_off_in(line)) == 1 then found[#found + 1] = line end
  end
  return found
end

-- Those whose turn it is: the heads of the lines, then the second ones, and so on. `free`: how many of them can be told something.
local function add_next(lines, free, most)
  local next_ones, of_each = {}, math.max(math.min(free, most), math.ceil(most / #lines))
  for _, line in ipairs(lines) do
    for _, chat in ipairs(redis.call('ZRANGE', put_off_in(line), 0, of_each - 1)) do
      next_ones[#next_ones + 1] = {chat = chat, line = line, rank = redis.call('ZRANK', line, chat), order = #next_ones}
    end
  end
  table.sort(next_ones, function(a, b)
    if a.rank ~= b.rank then return (a.rank or -1) < (b.rank or -1) end
    return a.order < b.order
  end)
  for i = 1, math.min(most, #next_ones) do
    if bytes > ANSWER_BYTES_MAX then break end
    local one = next_ones[i]
    end_put_off(one.chat, one.line)
    if one.rank then add(one.chat, one.rank, '1') end
  end
end

-- A customer is due for a look.
local function look_at(chat)
  local status, team, rev, examined = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'team', 'rev', 'examined'))
  local line = line_of(status, team)
  if status ~= 'waiting' and status ~= 'handoff' or not redis.call('ZSCORE', line, chat) then
    redis.call('ZREM', LOOK_AT, chat)
  elseif has_words(chat, rev, examined) then
    add(chat, redis.call('ZRANK', line, chat), '')
  else
    put_off(chat, line)
  end
end

-- Those at the heads of the lines, if they are due: they don't wait until all others who are due have been looked at.
local function look_at_heads(free)
  for _, line in ipairs(all_lines()) do
    for _, chat in ipairs(redis.call('ZRANGE', line, 0, free - 1)) do
      local due = redis.call('ZSCORE', LOOK_AT, chat)
      if due and tonumber(due) <= NOW then look_at(chat) end
    end
  end
end

if redis.call('HDEL', STATUS, 'spread_notices') == 1 then spread_notices() end
redis.call('ZREM', LOOK_AT, NEXT_TURN)
local free = free_notices(per_minute)
local due = redis.call('ZRANGEBYSCORE', LOOK_AT, '-inf', NOW, 'LIMIT', 0, count)
local has_more_due = #due == count
if has_more_due and free > 0 then
  look_at_heads(math.min(free, count))
  due = redis.call('ZRANGEBYSCORE', LOOK_AT, '-inf', NOW, 'LIMIT', 0, count)
end
for _, chat in ipairs(due) do
  -- The others are due, too: the caller looks again.
  if bytes > ANSWER_BYTES_MAX then
    has_more_due = true
    break
  end
  if chat ~= NEXT_TURN then look_at(chat) end
end

local lines = lines_put_off()
if free > 0 and #lines > 0 then
  add_next(lines, free, has_more_due and math.min(free, count) or count - (#answer - 2))
  lines = lines_put_off()
end
if #lines > 0 then
  redis.call('ZADD', LOOK_AT, free > 0 and NOW or next_free(per_minute), NEXT_TURN)
end
if has_more_due or free > 0 and #lines > 0 then answer[1] = '1' end
return answer
