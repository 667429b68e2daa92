-- Stores inbound messages of one session. Each opens or continues a conversation, once. The same message may come again, with
-- more content: that completes it.
-- Uses: inbox, seen, conversations, lanes, owner_takeover, message_changes, limits, merge_chats, unseen, lines
-- KEYS: namespace
-- ARGV: seen_ttl (ms), heard_at (ms; when WAHA posted the newest of these messages, 0 = it posted none), then per message: message id, from, other_id (the sender's other id, '' = not known), name, message (JSON,
--       as it is heard), whole (the same for the history; '' = nothing is left out), parts (of its content: one letter each), sent_at (ms), hearing ('opens' | 'continues' = it opens no conversation |
--       'history' = it is only recorded, and a copy that comes later can still be heard), phone_quiet (ms), words (as `note_answer`
--       compares them), limits ('' = none, else "conversations replies answers time", as `read_limits` reads them),
--       rating ('1' to '5', if the message is nothing but a rating; else ''), thanks (the reply to a rating; '' = none)
-- Returns per message: 'queued' | 'active' | 'agent' (an agent has the conversation) | 'duplicate' | 'full' (only recorded, because too much of this chat is not consumed yet:
--       the first such message of its conversation) | 'crowded' (the same, because of the session) | 'recorded' (the next such messages, those that open no conversation or were
--       withdrawn, and late ones: the customer has written since, and that was handled) | 'phone' (the owner answers from their
--       own phone, or did after a late message was sent) | 'limit' (the bot leaves this chat alone) | 'rated' (the customer rates their last conversation; nothing opens),
--       position (0 unless queued)

-- How late (ms) a message may be and still open a conversation, although we already handled what the customer wrote after it.
-- WAHA posts a file once it is downloaded, which takes minutes.
local LATE_AFTER = 600000

-- A bell brings a message of up to this many bytes along. Every server of a Cluster gets all bells.
local BELL_BYTES_MAX = 4096

only_with_space()
local seen_ttl, heard_at = next_number(), next_number()
local answer, received_at = {}, string.format('%.0f', redis_time())

-- The customer was asked to rate their last conversation, and this message does. They can correct it until the question expires, and
-- are thanked once.
local function rate(chat, one)
  local asked = RATING .. chat
  local conversation, rated = string.match(redis.call('GET', asked), '^(%S+)(.*)$')
  record('rated', 'conversation', conversation, 'chat', chat, 'at', NOW, 'rating', one.rating)
  if rated == '' then
    redis.call('SET', asked, conversation .. ' rated', 'KEEPTTL')
    if one.thanks ~= '' then
      reply(chat, one.thanks)
      ring('lanes')
    end
  end
  return conversation
end

-- Takes a message of this chat in. `marks`: those of this message id.
local function hear(one, chat, marks)
  -- It may have been edited or withdrawn before it came.
  local change = change_ahead(chat, one.id)
  local unread = one.message
  if change.text then unread = edited(unread, {}, change.at, change.text) end
  local function look()
    return unpack(redis.call('HMGET', CHAT .. chat, 'status', 'id', 'owner', 'newest', 'team', 'epoch', 'rev'))
  end
  local status, id, process, newest, team, epoch, rev = look()
  local with_agent = status == 'agent'
  local for_owner = not change.withdrawn and not with_agent and take_for_owner(chat, status, unread, one.sent_at, one.phone_quiet)
  -- The takeover may have ended, and the conversation with it.
  if status == 'phone' then status, id, process, newest, team = look() end
  local is_open, late = status and status ~= 'closed', NOW - one.sent_at > LATE_AFTER
  local result, position = nil, 0
  local lacking = not for_owner and not change.withdrawn and no_room(chat, #unread)
  if change.withdrawn then
    result = 'recorded'
  elseif for_owner or (one.phone_quiet > 0 or late and not is_open) and not with_agent and owner_wrote_since(chat, one.sent_at) then
    result = 'phone'
  elseif not is_open and (one.hearing ~= 'opens' or late and one.sent_at < tonumber(redis.call('GET', HEARD_UNTIL .. chat) or 0)) then
    result, id = 'recorded', ''
  elseif not is_open and one.rating ~= '' and redis.call('EXISTS', RATING .. chat) == 1 then
    result, id = 'rated', rate(chat, one)
  elseif is_left_alone(chat, one.name, status, one.words, one.limits) then
    result = 'limit'
  elseif lacking then
    result = redis.call('HSETNX', CHAT .. chat, 'full', 1) == 1 and lacking or 'recorded'
  else
    local place = push_unread(chat, unread)
    if status == 'active' then
      result = 'active'
      redis.call('SADD', UNREAD, chat)
    elseif with_agent then
      result = 'agent'
      redis.call('ZADD', HELD_SINCE, 'NX', NOW, chat)
    else
      result = 'queued'
      if status == 'waiting' or status == 'handoff' then
        -- It may be a word for the queue: the announcer looks at once.
        redis.call('ZADD', LOOK_AT, NOW, chat)
        ring('announce')
      else
        id = open(chat, one.name, status)
      end
      position = redis.call('ZRANK', line_of(status, team), chat) + 1
    end
    newest = math.max(tonumber(newest or 0), math.min(one.sent_at, NOW))
    redis.call('HSET', CHAT .. chat, 'heard', received_at, 'newest', string.format('%.0f', newest))
    note_unseen(chat, one.from, one.id, received_at)
    if result == 'active' then
      local message = #unread <= BELL_BYTES_MAX and table.concat({'message', epoch, rev, place, unread}, ' ') or nil
      ring_process(process, chat, message)
    end
  end
  -- A person is answered under the id that they wrote from.
  if chat ~= one.from then
    redis.call('HSET', ADDRESS, chat, one.from)
  else
    redis.call('HDEL', ADDRESS, chat)
    if is_lid(chat) and redis.call('ZADD', LIDS_TO_ASK, 'NX', NOW, chat) == 1 then ring_due() end
  end
  record_under(chat, one.from, 'message', 'conversation', id or '', 'data', one.whole)
  if result == 'limit' then close_at_limit(chat) end
  -- Last, so that no message is marked as seen without being stored.
  mark_seen(SEEN .. 'in:' .. one.id, marks, one.parts, chat, seen_ttl)
  return result, position
end

-- A later copy of a message that had its turn brings more of its content: for the history, and for the flow if it is unread.
-- Returns false if the earlier copy had no content and was consumed: this one is then heard like a new message.
local function complete(one, chat, known, marks)
  local replaces = not string.find(known, '[^' .. one.parts .. ']')
  if replaces and complete_unread(chat, one.id, one.message) then
    local status, process = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'owner'))
    if status == 'active' then ring_process(process, chat) end
  elseif known == '' and one.hearing ~= 'history' then
    return false
  end
  record_under(chat, one.from, 'message', 'conversation', '', 'data', one.whole)
  mark_seen(SEEN .. 'in:' .. one.id, marks, one.parts, chat, seen_ttl)
  return true
end

-- Puts a message into the history only. It does not use up the turn of a copy that can be heard.
local function keep(one, chat, marks)
  redis.call('SADD', KNOWN, chat)
  record_under(chat, one.from, 'message', 'conversation', redis.call('HGET', CHAT .. chat, 'id') or '', 'data', one.whole)
  mark_seen(SEEN .. 'kept:' .. one.id, marks, one.parts, chat, seen_ttl)
end

-- Returns the result and the position.
local function take(one)
  local chat = chat_of_person(one.from, one.other_id)
  local marks = redis.call('GET', SEEN .. 'in:' .. one.id)
  local known, perhaps = seen_parts(marks, chat)
  if known then
    if has_parts(known, one.parts) or complete(one, chat, known, marks) then
      return 'duplicate', 0
    end
    return hear(one, chat, marks)
  end
  -- A copy may come under the person's other id before we know that both are one person. If it has more content, it is heard,
  -- but it changes nothing under the other id: that may be another person after all.
  if perhaps and has_parts(perhaps, one.parts) then
    return 'duplicate', 0
  end
  if one.hearing ~= 'history' then
    return hear(one, chat, marks)
  end
  local kept = redis.call('GET', SEEN .. 'kept:' .. one.id)
  known, perhaps = seen_parts(kept, chat)
  if (known or perhaps) and has_parts(known or perhaps, one.parts) then
    return 'duplicate', 0
  end
  keep(one, chat, kept)
  return known and 'duplicate' or 'recorded', 0
end

if heard_at > 0 then redis.call('HSET', COUNTERS, 'heard_at', string.format('%.0f', heard_at)) end
while has_more() do
  local one = {id = next_text(), from = next_text(), other_id = next_text(), name = next_text(), message = next_text(),
    whole = next_text(), parts = next_text(), sent_at = next_number(), hearing = next_text(), phone_quiet = next_number(), words = next_text(),
    limits = next_text(), rating = next_text(), thanks = next_text()}
  if one.whole == '' then one.whole = one.message end
  local result, position = take(one)
  answer[#answer + 1] = result
  answer[#answer + 1] = position
end
return answer
