-- Echoes: WAHA tells of our own messages, too. Whether such a message is a reply that our sender sent; if not, the owner wrote it
-- on their own phone.

-- WAHA tells times in whole seconds, and its clock may be another than ours (ms).
local CLOCKS_APART_MAX = 10000
-- The longest `phone_quiet` there is: what comes later silences nobody.
local UNCLAIMED_FOR, UNCLAIMED_MAX = 86400000, 50

-- A reply was sent, or perhaps, and its message id is not known: its echo may still come, and must not pass for words that
-- the owner wrote on their phone.
local function expect_echo(chat, element)
  local reply = decoded(string.sub(element, 2))
  local media = type(reply.media) == 'table' and {kind = reply.media.kind} or nil
  redis.call('RPUSH', UNCLAIMED .. chat, cjson.encode({text = reply.text, media = media}))
  redis.call('LTRIM', UNCLAIMED .. chat, -UNCLAIMED_MAX, -1)
  redis.call('PEXPIRE', UNCLAIMED .. chat, UNCLAIMED_FOR)
end

-- What nobody sees: spaces of any kind (also U+00A0, U+2000 to U+200F, U+2028, U+2029, U+202F, U+2060, U+3000, U+FEFF) and how an
-- emoji is shown (U+FE0E, U+FE0F). Engines change them, and people do not repeat our words but for them.
local UNSEEN = {'%s', '\194\160', '\226\128[\128-\143\168\169\175]', '\226\129\160', '\227\128\128', '\239\187\191', '\239\184[\142\143]'}

local function same_text(one, other)
  local function bare(text)
    for _, unseen in ipairs(UNSEEN) do
      text = string.gsub(text, unseen, '')
    end
    return text
  end
  return type(one) == 'string' and type(other) == 'string' and (one == other or bare(one) == bare(other))
end

local MEDIA = {image = true, video = true, voice = true, audio = true, document = true, sticker = true, media = true}
-- What a file may come back as, by how it was sent, besides that.
local ALSO = {voice = {audio = true}, file = MEDIA}

-- Whether a message of ours says what a reply says: the words, or the same kind of file with the same caption.
local function same_content(reply, message)
  local kind = message.kind or 'text'
  if type(reply.media) ~= 'table' then
    return not MEDIA[kind] and same_text(reply.text, message.text)
  end
  local sent_as = reply.media.kind
  return (kind == sent_as or kind == 'media' or (ALSO[sent_as] or {})[kind] == true)
    and same_text(reply.text or '', message.text or '')
end

-- Whether our sender sent a message: by its id, or, while that is not known, by what it says. What WAHA says of its source is
-- not to be trusted, and its answer may come after this.
local function sent_by_us(chat, message_id, message)
  if redis.call('EXISTS', OURS .. message_id) == 1 then
    return true
  end
  local id, echo = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^%d+ (%S+) (%S+)')
  if id == message_id or echo == message_id then
    return true
  end
  if id or redis.call('HEXISTS', SENDING, chat) == 1 then
    local first = decoded(string.sub(redis.call('LINDEX', LANE .. chat, 0) or '', 2))
    if same_content(first, message) then
      return true
    end
  end
  for _, reply in ipairs(redis.call('LRANGE', UNCLAIMED .. chat, 0, -1)) do
    if same_content(decoded(reply), message) then
      redis.call('LREM', UNCLAIMED .. chat, 1, reply)
      return true
    end
  end
  return false
end

-- An attempt on a reply is settled by what WAHA tells of the message: that it has this id, or that it is new to us and says
-- the same.
local function note_echo(chat, kind, message_id, data)
  local since, id, address = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^(%d+) (%S+) %S+ (%S+)$')
  if not since then
    return
  end
  local same = id == message_id
  if #id == 1 and kind == 'message' and redis.call('EXISTS', OURS .. message_id) == 0 then
    local message = decoded(data)
    same = (message.sent_at or 0) >= since - CLOCKS_APART_MAX
      and same_content(decoded(string.sub(redis.call('LINDEX', LANE .. chat, 0) or '', 2)), message)
  end
  if same then
    redis.call('HSET', ATTEMPT, chat, table.concat({since, id, message_id, address}, ' '))
  end
end
