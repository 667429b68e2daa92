-- The inbox of a chat: messages that are not consumed yet. They can still be edited or withdrawn. The process that handles the
-- conversation counts messages by their places, so a withdrawn message is marked and stays at its place.

local WITHDRAWN = '{"withdrawn":true,'

local function withdrawn(message)
  return WITHDRAWN .. string.sub(message, 2)
end

local function is_withdrawn(message)
  return string.sub(message, 1, #WITHDRAWN) == WITHDRAWN
end

-- The first message of the inbox that is not withdrawn; nil if there is nothing to hear.
local function first_unread(chat)
  for _, message in ipairs(redis.call('LRANGE', INBOX .. chat, 0, -1)) do
    if not is_withdrawn(message) then
      return message
    end
  end
end

-- The place of a message in the inbox, the message as stored, and its content; nil if it was consumed or withdrawn.
local function find_unread(chat, message_id)
  for place, message in ipairs(redis.call('LRANGE', INBOX .. chat, 0, -1)) do
    if string.find(message, message_id, 1, true) and not is_withdrawn(message) then
      local content = decode(message)
      if content.stanza == message_id then
        return place - 1, message, content
      end
    end
  end
end

-- What stands before the fields of an edited message. (The message itself is not written again: Lua would change its numbers.)
local function edit_mark(at, text)
  return string.format('{"edited_at":%.0f,"edited_text":%s,', at, cjson.encode(text))
end

-- The mark of a message that may have been edited, and its other fields.
local function split_edit(message, content)
  if type(content.edited_text) ~= 'string' then
    return '{', string.sub(message, 2)
  end
  local mark = edit_mark(content.edited_at, content.edited_text)
  return mark, string.sub(message, #mark + 1)
end

-- A message with the words that it was edited to at `at`. An older edit that comes late changes nothing.
local function edited(message, content, at, text)
  if at < known_time(content.edited_at) then
    return message
  end
  local _, fields = split_edit(message, content)
  return edit_mark(at, text) .. fields
end

-- Replaces an unread message by a copy of it with more content. Returns whether it was unread.
local function complete_unread(chat, message_id, message)
  local place, before, content = find_unread(chat, message_id)
  if not place then
    return false
  end
  local mark = split_edit(before, content)
  redis.call('LSET', INBOX .. chat, place, mark .. string.sub(message, 2))
  return true
end
