-- Gives the conversations that have waited longest to the workers of a process. Or, outside opening hours, those that
-- opened since it closed: their customers are told at once that it is closed, and take no worker from others.
-- Uses: conversations, lanes, lines
-- KEYS: namespace
-- ARGV: process, count, closed since (ms; '' = claim for workers)
-- Returns per conversation: {chat, id, epoch, rev, state or '', name, silent for (ms; '' = not known), opened (ms),
--          known, last_at, last_outcome (of the contact; '' = not known), inbox...}
local process, count, closed_since = next_text(), next_number(), next_number()
local answer, bytes = {}, 0
-- While the line is paused, workers take nobody. That it is closed is still told.
if not closed_since and redis.call('HEXISTS', LINE_PAUSED, '') == 1 then
  return answer
end
even_if_full()

local function claim(chat)
  local key = CHAT .. chat
  redis.call('ZREM', LOOK_AT, chat)
  end_put_off(chat, QUEUE)
  local id, rev, state, name, claimed, told, heard, opened =
    unpack(redis.call('HMGET', key, 'id', 'rev', 'state', 'name', 'claimed', 'told', 'heard', 'opened'))
  if id then
    local epoch = new_epoch()
    redis.call('HSET', key, 'status', 'active', 'owner', process, 'epoch', epoch)
    -- The time to tell a customer that it is closed must not count as handling time.
    if not closed_since then
      redis.call('HSET', key, 'claimed', claimed or NOW)
    end
    redis.call('HSET', ACTIVE, chat, process)
    if told then
      drop_notices(chat)
    end
    record('claimed', 'conversation', id, 'chat', chat, 'process', process, 'at', NOW)
    local known, last_at, last_outcome = unpack(redis.call('HMGET', CONTACT .. chat, 'known', 'last_at', 'last_outcome'))
    local one = redis.call('LRANGE', INBOX .. chat, 0, -1)
    for _, message in ipairs(one) do bytes = bytes + #message end
    for j, field in ipairs({chat, id, epoch, rev, state or '', name or '', silent_for(heard), opened or '0', known or '',
      last_at or '', last_outcome or ''}) do
      table.insert(one, j, field)
    end
    answer[#answer + 1] = one
  end
end

if closed_since then
  -- The last in line opened last, so the first older one ends the search, if it was not moved.
  for _, chat in ipairs(redis.call('ZREVRANGE', QUEUE, 0, count - 1)) do
    local opened, place = unpack(redis.call('HMGET', CHAT .. chat, 'opened', 'place'))
    local is_older = tonumber(opened or 0) < closed_since
    if bytes > ANSWER_BYTES_MAX or is_older and not place then
      break
    end
    if not is_older then
      redis.call('ZREM', QUEUE, chat)
      claim(chat)
    end
  end
else
  for _ = 1, count do
    local chat = redis.call('ZPOPMIN', QUEUE)[1]
    if not chat then break end
    claim(chat)
    if bytes > ANSWER_BYTES_MAX then
      -- The process asks again for the others.
      ring('queue')
      break
    end
  end
end
if #answer > 0 and not closed_since then
  redis.call('HSET', COUNTERS, 'called_at', NOW)
  notify_head(QUEUE)
end
return answer
