-- The inbox of a chat: messages that are not consumed yet. They can still be edited or withdrawn. The process that handles the
-- conversation counts messages by their places, so a withdrawn message is marked and stays at its place.
-- Only this file writes inboxes: it counts their bytes, of each chat and of the session. A small message that comes alone, as most do,
-- is not counted until another one joins it.

-- How many messages and bytes of a chat may be unread, and how many bytes of a session. Nobody who wants an answer writes that
-- much, each message needs memory in Redis, and all of a chat are read at once.
local CHAT_MESSAGES_MAX, CHAT_BYTES_MAX, SESSION_BYTES_MAX = 1000, 262144, 67108864
-- A chat with fewer unread bytes is heard even if its session has too many: others may flood it, this customer does not.
local SMALL_INBOX = 16384

-- The bytes of a chat's inbox; nil if they are not counted.
local function counted_bytes(chat)
  return tonumber(redis.call('HGET', INBOX_BYTES, chat) or nil)
end

local function count_bytes(chat, more)
  redis.call('HINCRBY', INBOX_BYTES, chat, more)
  redis.call('HINCRBY', INBOX_BYTES, 'total', more)
end

local function bytes_of(messages)
  local bytes = 0
  for _, message in ipairs(messages) do bytes = bytes + #message end
  return bytes
end

-- The inbox is empty: it counts nothing any more.
local function forget_bytes(chat)
  local counted = counted_bytes(chat)
  if counted then
    redis.call('HDEL', INBOX_BYTES, chat)
    redis.call('HINCRBY', INBOX_BYTES, 'total', -counted)
  end
end

-- The inbox changed by this many bytes. A script writes the inbox first, and counts afterwards: a full Redis can refuse only the
-- first write of a script, and what takes messages out of an inbox is never refused.
local function changed_by(chat, bytes)
  if not counted_bytes(chat) then return end
  if redis.call('EXISTS', INBOX .. chat) == 0 then
    forget_bytes(chat)
  elseif bytes ~= 0 then
    count_bytes(chat, bytes)
  end
end

-- Why there is no room for this many more bytes in the inbox of a chat: 'full' or 'crowded' (too much in the session); nil if
-- there is.
local function no_room(chat, more)
  local messages = redis.call('LLEN', INBOX .. chat)
  if messages == 0 then
    return nil
  end
  local bytes = counted_bytes(chat)
  if not bytes then
    bytes = bytes_of(redis.call('LRANGE', INBOX .. chat, 0, -1))
    count_bytes(chat, bytes)
  end
  if messages >= CHAT_MESSAGES_MAX or bytes + more > CHAT_BYTES_MAX then
    return 'full'
  end
  local total = tonumber(redis.call('HGET', INBOX_BYTES, 'total') or 0)
  return bytes >= SMALL_INBOX and total + more > SESSION_BYTES_MAX and 'crowded' or nil
end

-- Puts a message at the end of an inbox. Returns its place.
local function push_unread(chat, message)
  local length = redis.call('RPUSH', INBOX .. chat, message)
  if length == 1 and #message < SMALL_INBOX then return 0 end
  if counted_bytes(chat) then
    count_bytes(chat, #message)
  else
    count_bytes(chat, bytes_of(redis.call('LRANGE', INBOX .. chat, 0, -1)))
  end
  return length - 1
end

-- Puts a message in the place of another.
local function replace_unread(chat, place, before, message)
  redis.call('LSET', INBOX .. chat, place, message)
  changed_by(chat, #message - #before)
end

-- Takes out the first messages.
local function drop_first(chat, count)
  if count > 0 then
    local bytes = counted_bytes(chat) and bytes_of(redis.call('LRANGE', INBOX .. chat, 0, count - 1))
    redis.call('LTRIM', INBOX .. chat, count, -1)
    if bytes then changed_by(chat, -bytes) end
  end
end

-- Takes out one message with this content. Returns how many there were: 0 or 1.
local function drop_unread(chat, message)
  local removed = redis.call('LREM', INBOX .. chat, 1, message)
  if removed > 0 then changed_by(chat, -#message) end
  return removed
end

local function clear_inbox(chat)
  redis.call('DEL', INBOX .. chat)
  forget_bytes(chat)
end

-- Replaces all messages of an inbox.
local function replace_inbox(chat, messages)
  clear_inbox(chat)
  for _, message in ipairs(messages) do
    redis.call('RPUSH', INBOX .. chat, message)
  end
  if #messages > 0 then count_bytes(chat, bytes_of(messages)) end
end

local WITHDRAWN = '{"withdrawn":true,'

local function withdrawn(message)
  return WITHDRAWN .. string.sub(message, 2)
end

local function is_withdrawn(message)
  return string.sub(message, 1, #WITHDRAWN) == WITHDRAWN
end

-- The first message of the inbox that is not withdrawn; nil if there is nothing to hear.
local function first_unread(chat)
  local from, several = 0, 8
  while true do
    local messages = redis.call('LRANGE', INBOX .. chat, from, from + several - 1)
    for _, message in ipairs(messages) do
      if not is_withdrawn(message) then return message end
    end
    if #messages < several then return nil end
    from, several = from + several, several * 4
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

-- Replaces an unread message by a copy of it with more content, if there is room. Returns whether it was unread.
local function complete_unread(chat, message_id, message)
  local place, before, content = find_unread(chat, message_id)
  if not place then
    return false
  end
  local mark = split_edit(before, content)
  local completed = mark .. string.sub(message, 2)
  if not no_room(chat, #completed - #before) then replace_unread(chat, place, before, completed) end
  return true
end
