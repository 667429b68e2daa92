-- Puts events into the history that open and continue nothing: our own messages, acks, edits, and so on. Words of ours that
-- our sender did not send are the owner's, who answers from their own phone.
-- KEYS: namespace
-- ARGV: session, seen_ttl (ms), now (ms), first_notice_after (ms), then per event: seen ('' = can't be told apart), kind, from,
--       other ('' = the customer's other id is not told), own ('1' = a message, which makes its chat known; '' = only
--       recorded where the chat is known), echo (the stanza of a message of ours, else ''), data (JSON), phone_quiet (ms), hand
--       ('says', 'ends': what it means if the owner wrote it; 'ours': they did not; '' = nothing), followed_at (ms: when the last word was said of those
--       that are known to have followed it)
-- Returns per event: 'recorded' | 'duplicate' | 'ignored' | 'begins', 'ends' (recorded; the owner answers from now on, or no more)

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
local function sent_by_us(chat, stanza, message)
  if redis.call('EXISTS', OURS .. stanza) == 1 then
    return true
  end
  local id, echo = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^%d+ (%S+) (%S+)')
  if id == stanza or echo == stanza then
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
local function note_echo(chat, kind, stanza, data)
  local since, id, address = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^(%d+) (%S+) %S+ (%S+)$')
  if not since then
    return
  end
  local same = id == stanza
  if #id == 1 and kind == 'message' and redis.call('EXISTS', OURS .. stanza) == 0 then
    local message = decoded(data)
    same = (message.sent_at or 0) >= since - CLOCKS_APART_MAX
      and same_content(decoded(string.sub(redis.call('LINDEX', LANE .. chat, 0) or '', 2)), message)
  end
  if same then
    redis.call('HSET', ATTEMPT, chat, table.concat({since, id, stanza, address}, ' '))
  end
end

local now, first_notice_after = tonumber(ARGV[3]), tonumber(ARGV[4])
local answer = {}
for i = 5, #ARGV, 10 do
  local seen, kind, from, other = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local own, echo, data = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local quiet, hand, followed_at = tonumber(ARGV[i + 7]), ARGV[i + 8], tonumber(ARGV[i + 9])
  local chat = person(from, other, now, first_notice_after)
  local result = 'recorded'
  if seen ~= '' and redis.call('EXISTS', SEEN .. seen) == 1 then
    result = 'duplicate'
  elseif own == '' and redis.call('SISMEMBER', KNOWN, chat) == 0 then
    result = 'ignored'
  else
    if own == '1' then
      redis.call('SADD', KNOWN, chat)
    end
    local conversation = redis.call('HGET', CHAT .. chat, 'id') or ''
    if kind == 'message' and echo ~= '' then
      local message = decoded(data)
      -- It may come under the id that was not written to, before we know that both are one person.
      local ours = hand == 'ours' or sent_by_us(chat, echo, message)
        or (message.other_id and sent_by_us(chat_of(message.other_id), echo, message))
      note_echo(chat, kind, echo, data)
      record_under(chat, from, kind, 'conversation', conversation, 'author', ours and 'bot' or 'phone', 'data', data)
      if not ours and hand ~= '' then
        local sent_at = message.sent_at or 0
        result = phone_says(chat, sent_at, followed_at, hand == 'ends', quiet, now, first_notice_after) or result
        if result == 'begins' then
          redis.call('SET', PHONE_BEGAN .. echo, string.format('%.0f %s', sent_at, chat), 'PX', quiet)
        end
      end
    else
      if echo ~= '' then note_echo(chat, kind, echo, data) end
      record_under(chat, from, kind, 'conversation', conversation, 'data', data)
    end
    if seen ~= '' then
      redis.call('SET', SEEN .. seen, '1', 'PX', ARGV[2])
    end
  end
  answer[#answer + 1] = result
end
return answer
