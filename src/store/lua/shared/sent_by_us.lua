-- Echoes: WAHA reports our own messages, too. Either our sender sent such a message as a reply, or the owner wrote it on
-- their own phone.
-- Uses: seen

-- How far (ms) WAHA's times may be from ours: they are in whole seconds, and its clock may differ.
local CLOCKS_APART_MAX = 10000
-- 24 hours is the longest `phone_quiet`: an echo that comes later silences nobody.
local EXPECTED_ECHO_TTL, EXPECTED_ECHOES_MAX = 86400000, 50

-- Notes a reply that was sent, or perhaps sent, and whose message id is not known. Its echo may still come, and must not be
-- taken for words that the owner wrote on their phone.
local function expect_echo(chat, element)
  local reply = decode(string.sub(element, 2))
  local media = type(reply.media) == 'table' and {kind = reply.media.kind} or nil
  local text = not reply.wording and reply.text or nil
  redis.call('RPUSH', EXPECTED_ECHOES .. chat, cjson.encode({text = text, wording = reply.wording, media = media}))
  redis.call('LTRIM', EXPECTED_ECHOES .. chat, -EXPECTED_ECHOES_MAX, -1)
  redis.call('PEXPIRE', EXPECTED_ECHOES .. chat, EXPECTED_ECHO_TTL)
end

-- Whether a message of ours says what a reply says: the same words, or the same kind of file with the same caption. Rust
-- prepares both for this comparison, and knows which messages a reply may become.
local function same_content(reply, content)
  local sent_as = type(reply.media) == 'table' and reply.media.kind or 'text'
  if not string.find(' ' .. content.sent_as .. ' ', ' ' .. sent_as .. ' ', 1, true) then
    return false
  end
  if not reply.wording then
    -- The version before wrote this reply.
    return type(reply.text) == 'string'
      and (reply.text == content.text or string.gsub(reply.text, '%s', '') == content.wording)
  end
  return reply.wording == content.wording
end

-- Whether the sender's answer from WAHA had this message id for a reply in this chat. (The version before noted no chat.)
local function has_sent_id(chat, message_id)
  local sent_in = redis.call('GET', SENT_IDS .. message_id)
  return sent_in and (sent_in == '1' or may_be_one_person(chat_of(sent_in), chat)) or false
end

-- Whether our sender sent a message: by its id, or by what it says while the id is not known. We can't trust what WAHA says
-- about the source of a message, and WAHA's answer to the sender may come after this event.
local function sent_by_us(chat, message_id, content)
  if has_sent_id(chat, message_id) then
    return true
  end
  local id, echo = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^%d+ (%S+) (%S+)')
  if id == message_id or echo == message_id then
    return true
  end
  if id or redis.call('HEXISTS', SENDING, chat) == 1 then
    local first = decode(string.sub(redis.call('LINDEX', LANE .. chat, 0) or '', 2))
    if same_content(first, content) then
      return true
    end
  end
  for _, reply in ipairs(redis.call('LRANGE', EXPECTED_ECHOES .. chat, 0, -1)) do
    if same_content(decode(reply), content) then
      redis.call('LREM', EXPECTED_ECHOES .. chat, 1, reply)
      return true
    end
  end
  return false
end

-- A message that WAHA reports settles an attempt on a reply if it has the attempt's id. If the attempt has no id, the
-- message must be new to us, sent after the attempt began, and say the same. `content`: what it says, if WAHA reports that.
local function note_echo(chat, message_id, sent_at, content)
  local since, id, address = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^(%d+) (%S+) %S+ (%S+)$')
  if not since then
    return
  end
  local same = id == message_id
  if #id == 1 and content and not has_sent_id(chat, message_id) then
    same = sent_at >= since - CLOCKS_APART_MAX
      and same_content(decode(string.sub(redis.call('LINDEX', LANE .. chat, 0) or '', 2)), content)
  end
  if same then
    redis.call('HSET', ATTEMPT, chat, table.concat({since, id, message_id, address}, ' '))
  end
end
