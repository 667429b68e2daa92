-- What we have of the messages that WAHA reported. It may report a message several times, and bring its words or the link to
-- its file only later. The sender's device chooses the id of a message, so an id says which message it is only within one
-- chat. The value of a key has a mark for each chat, one a line: the parts of the content that we have (one letter each), and
-- the chat. A value of '1' has no chat: it is an event that is no message, or a message of an older version.

-- How many chats may share one message id: a broadcast of the owner has the same id in all its chats.
local MARKS_MAX = 300

-- The parts of both.
local function joined(parts, more)
  for part in string.gmatch(more, '%a') do
    if not string.find(parts, part, 1, true) then
      parts = parts .. part
    end
  end
  return parts
end

-- Whether both ids may belong to one person, as far as we know.
local function may_be_one_person(one, other)
  return one == other or is_lid(one) ~= is_lid(other)
end

-- What we have of a message of this chat: its parts, '*' if they were not noted; nil if it is not marked. Then the parts of a
-- message with the same id under an id that may be the person's other one.
local function seen_parts(marks, chat)
  local parts, perhaps
  for mark in string.gmatch(marks or '', '[^\n]+') do
    local known, marked = string.match(mark, '^(%a*) (.+)$')
    marked = marked and chat_of(marked)
    if not marked then
      return '*'
    elseif marked == chat then
      parts = joined(parts or '', known)
    elseif may_be_one_person(marked, chat) then
      perhaps = joined(perhaps or '', known)
    end
  end
  return parts, perhaps
end

-- Whether all of `parts` are known.
local function has_parts(known, parts)
  return known == '*' or #joined(known, parts) == #known
end

-- Marks a message of this chat. `marks`: what the key had before, if anything.
local function mark_seen(key, marks, parts, chat, ttl)
  local lines = {}
  for mark in string.gmatch(marks or '', '[^\n]+') do
    local known, marked = string.match(mark, '^(%a*) (.+)$')
    if marked and chat_of(marked) == chat then
      parts = joined(known, parts)
    elseif marked then
      lines[#lines + 1] = mark
    end
  end
  lines[#lines + 1] = parts .. ' ' .. chat
  redis.call('SET', key, table.concat(lines, '\n', math.max(1, #lines - MARKS_MAX + 1)), 'PX', ttl)
end
