-- Erases what we keep of a person. Their open conversation is closed first. The history erases its part when it reads the entry.
-- Uses: inbox, conversations, lines, notices
-- KEYS: namespace
-- ARGV: in_history ('1' = the history has something of them), by (who decided it), asked_at (ms: when), then per id of theirs: the id
-- Returns: 'unknown' (there is nothing), 'sending' (a sender holds their replies: only the rest was dropped; ask again), 'erased', or
--          'again' (erased, but a reply was sent a moment ago whose message id is not known, so that its echo may still come: ask again)
even_if_full()

-- How long (ms) after a reply its echo may come.
local ECHO_WITHIN = 10000

local in_history, by, asked_at, ids = next_text() == '1', next_text(), next_text(), {}
while has_more() do ids[#ids + 1] = next_text() end

-- Prefixes of keys that are about one chat.
local OF_A_CHAT = {CHAT, INBOX, UNSEEN, HEARD_UNTIL, CONTACT, RATING, CHANGES_AHEAD, OWNER_LAST_WROTE, TAKEOVER_ENDED_AT, EXPECTED_ECHOES,
  PACE, LEFT_ALONE, LANE}

local function is_known(chat)
  for _, prefix in ipairs(OF_A_CHAT) do
    if redis.call('EXISTS', prefix .. chat) == 1 then return true end
  end
  return redis.call('SISMEMBER', KNOWN, chat) == 1 or redis.call('HEXISTS', PHONE_ID_OF, chat) == 1
end

-- Closes the open conversation, without what is unread: it would open the next one.
local function close_open(chat)
  local status, team, process = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'team', 'owner'))
  clear_inbox(chat)
  if not status or status == 'closed' then return end
  close(chat, {outcome = 'erased', variables = '{}'})
  ring_process(process, chat)
  if status == 'waiting' or status == 'handoff' then notify_head(line_of(status, team)) end
end

-- Writes the dead letters again without those of these chats, and without notices to the owner about them: a stream keeps the bytes of
-- an entry that is deleted.
local function drop_dead(chats)
  local is_gone, kept, found = {}, {}, false
  for _, chat in ipairs(chats) do is_gone[chat] = true end
  for _, entry in ipairs(redis.call('XRANGE', DEAD, '-', '+')) do
    local fields, gone = entry[2], false
    for i = 1, #fields, 2 do
      if fields[i] == 'chat' and is_gone[fields[i + 1]] then gone = true end
      if fields[i] == 'reply' and is_notice_about(fields[i + 1], chats) then gone = true end
    end
    if gone then found = true else kept[#kept + 1] = entry end
  end
  if not found then return end
  redis.call('DEL', DEAD)
  for _, entry in ipairs(kept) do redis.call('XADD', DEAD, entry[1], unpack(entry[2])) end
end

local function forget(chat)
  for _, prefix in ipairs(OF_A_CHAT) do redis.call('DEL', prefix .. chat) end
  for _, hash in ipairs({PHONE_ID_OF, ADDRESS, ACTIVE, HELD, OWNER_WROTE_AT, LEFT_ALONE_UNNOTIFIED, ATTEMPT}) do
    redis.call('HDEL', hash, chat)
  end
  for _, zset in ipairs({LIDS_TO_ASK, QUEUE, HANDOFF, HELD_SINCE, HANDOFF_DUE, TAKEOVER_UNTIL, LOOK_AT, LANES}) do
    redis.call('ZREM', zset, chat)
  end
  for _, set in ipairs({KNOWN, UNREAD, HANDOFF_UNNOTIFIED}) do redis.call('SREM', set, chat) end
end

local known, sending, echo_may_come = in_history, false, false
for _, chat in ipairs(ids) do
  if is_known(chat) then
    known = true
    local sent_at = tonumber(string.match(redis.call('HGET', CHAT .. chat, 'delivery') or '', '^delivered (%d+)$')
      or redis.call('HGET', PACE .. chat, 'sent_at') or 0)
    close_open(chat)
    if sent_at > NOW - ECHO_WITHIN and redis.call('EXISTS', EXPECTED_ECHOES .. chat) == 1 then echo_may_come = true end
    if redis.call('HEXISTS', SENDING, chat) == 1 then
      sending = true
      -- The first reply may be on its way.
      redis.call('LTRIM', LANE .. chat, 0, 0)
    end
  end
end
if not known then return 'unknown' end
if sending then return 'sending' end
for _, chat in ipairs(ids) do forget(chat) end
drop_dead(ids)
record('erase', 'chats', cjson.encode(ids), 'at', asked_at, 'by', by)
return echo_may_come and 'again' or 'erased'
