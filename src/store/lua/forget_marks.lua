-- Forgets the chats of an erased person in keys about messages, actions and notices. The id of a message stays marked, without the chat: it keeps
-- an old message from coming back, and the echo of a reply that was just sent from making them known again.
-- Uses: notices
-- KEYS: namespace
-- ARGV: seen_ttl (ms), the ids of the person (JSON), then per key: its name
-- Returns: how many notices that name them are being sent now, so that they stay
even_if_full()
local seen_ttl, ids = next_number(), decode(next_text())
local is_theirs, held = {}, 0
for _, id in ipairs(ids) do is_theirs[id] = true end

local function names_one(text)
  for _, id in ipairs(ids) do
    if names(text, id) then return true end
  end
  return false
end

local function begins_with(key, prefix)
  return string.sub(key, 1, #prefix) == prefix
end

-- The marks of other chats on the same message id stay as they are.
local function forget_seen(key)
  local lines, theirs = {}, false
  for mark in string.gmatch(redis.call('GET', key) or '', '[^\n]+') do
    if is_theirs[string.match(mark, '^%a* (.+)$')] then theirs = true else lines[#lines + 1] = mark end
  end
  if not theirs then return end
  redis.call('SET', key, #lines == 0 and '1' or table.concat(lines, '\n'), 'KEEPTTL')
end

local function forget_sent(key)
  if not is_theirs[redis.call('GET', key)] then return end
  redis.call('SET', key, '1', 'KEEPTTL')
  redis.call('SET', SEEN .. 'out:' .. string.sub(key, #SENT_IDS + 1), '1', 'NX', 'PX', seen_ttl)
end

-- Notices to the owner that were not sent yet.
local function forget_notices(key)
  local chat, any = string.sub(key, #LANE + 1), false
  for i, element in ipairs(redis.call('LRANGE', key, 0, -1)) do
    if is_notice_about(element, ids) then
      if i == 1 and redis.call('HEXISTS', SENDING, chat) == 1 then
        held = held + 1
      else
        redis.call('LREM', key, 1, element)
        any = true
      end
    end
  end
  if any and redis.call('EXISTS', key) == 0 then
    redis.call('ZREM', LANES, chat)
    redis.call('HDEL', ATTEMPT, chat)
  end
end

while has_more() do
  local key = next_text()
  if begins_with(key, SEEN) then forget_seen(key)
  elseif begins_with(key, SENT_IDS) then forget_sent(key)
  elseif begins_with(key, LANE) then forget_notices(key)
  elseif begins_with(key, ACTION) or begins_with(key, TAKEOVER_BEGAN_BY) then
    if names_one(redis.call('GET', key) or '') then redis.call('DEL', key) end
  end
end
return held
