-- What we have of the messages that WAHA reported. It may report a message several times, and bring its words or the link to
-- its file only later. The mark of a message names the parts of its content that we have (one letter each), and its chat. The
-- version before wrote '1'.

-- The parts of a marked message; nil if they were not noted.
local function parts_of(mark)
  return string.match(mark, '^(%a*) ')
end

-- The chat of a marked message, or `otherwise` if it was not noted.
local function chat_of_seen(mark, otherwise)
  return chat_of(string.match(mark, '^%a* (.+)$') or otherwise)
end

-- Whether a copy of a marked message has all parts of `parts`.
local function has_parts(mark, parts)
  local known = parts_of(mark)
  for part in string.gmatch(known and parts or '', '%a') do
    if not string.find(known, part, 1, true) then
      return false
    end
  end
  return true
end

-- Marks a message. `before`: its earlier mark, if any.
local function mark_seen(key, before, parts, chat, ttl)
  local known = before and parts_of(before) or ''
  for part in string.gmatch(known, '%a') do
    if not string.find(parts, part, 1, true) then
      parts = parts .. part
    end
  end
  redis.call('SET', key, parts .. ' ' .. chat, 'PX', ttl)
end
