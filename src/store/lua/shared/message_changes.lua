-- Edits and withdrawals of a customer's messages. They change what is heard as long as the message is unread, and only in their
-- own chat: a stranger's device can use the id of another chat's message.
-- Uses: inbox, seen, conversations, lanes

-- How many changes of messages that have not come are kept for a chat.
local CHANGES_AHEAD_MAX = 10

-- Reads a change from a history entry of this kind; nil if it is none, or not of a customer's message.
local function read_change(kind, data)
  if kind ~= 'edited' and kind ~= 'revoked' then
    return nil
  end
  local change = decode(data)
  if change.direction ~= 'inbound' or type(change.stanza) ~= 'string' then
    return nil
  end
  local text = type(change.text) == 'string' and change.text ~= '' and change.text or nil
  return {
    message_id = change.stanza,
    at = tonumber(change.at) or NOW,
    withdrawn = kind == 'revoked' or nil,
    -- nil if WAHA could not read the new words: the old ones stay.
    text = text,
  }
end

-- The change of a message that came before the message.
local function change_ahead(chat, message_id)
  local change = redis.call('HGET', CHANGES_AHEAD .. chat, message_id)
  return change and decode(change) or {}
end

-- Forgets the change that was noted first, if a chat has more than are kept.
local function drop_oldest_change(key)
  local all, oldest, noted_at = redis.call('HGETALL', key), nil, nil
  for i = 1, #all, 2 do
    local noted = tonumber(decode(all[i + 1]).noted) or 0
    if not oldest or noted < noted_at then oldest, noted_at = all[i], noted end
  end
  if #all > 2 * CHANGES_AHEAD_MAX then redis.call('HDEL', key, oldest) end
end

-- Notes a change of a message that has not come yet. A withdrawal counts more than an edit, and a later edit more than an
-- earlier one.
local function note_change(chat, message_id, change, ttl)
  local before = change_ahead(chat, message_id)
  if not change.withdrawn and (before.withdrawn or known_time(before.at) > change.at) then
    return
  end
  local noted = {at = change.at, text = change.text, withdrawn = change.withdrawn, noted = change.noted or NOW}
  redis.call('HSET', CHANGES_AHEAD .. chat, message_id, cjson.encode(noted))
  redis.call('PEXPIRE', CHANGES_AHEAD .. chat, ttl)
  drop_oldest_change(CHANGES_AHEAD .. chat)
end

-- Applies a change to a message of this chat, if it is unread. If the customer withdrew all that they had written, and nothing
-- was said to them, there is nothing to answer: the conversation closes.
local function change_unread(chat, message_id, change)
  local place, message, content = find_unread(chat, message_id)
  if not place then
    return
  end
  local changed = change.withdrawn and withdrawn(message) or edited(message, content, change.at, change.text)
  -- Without room, the words stay as they were, and the history has the new ones. A withdrawal adds little.
  if not change.withdrawn and no_room(chat, #changed - #message) then
    return
  end
  replace_unread(chat, place, message, changed)
  local status, process, rev = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'owner', 'rev'))
  local is_empty = not first_unread(chat)
  if is_empty then
    redis.call('SREM', UNREAD, chat)
    -- There is nothing left that an agent must answer, if they have said something since they took it.
    local waits_since, taken = redis.call('ZSCORE', HELD_SINCE, chat), redis.call('HGET', CHAT .. chat, 'taken')
    if waits_since and taken and tonumber(waits_since) > tonumber(taken) then redis.call('ZREM', HELD_SINCE, chat) end
  end
  if is_empty and status == 'waiting' and rev == '0' then
    drop_notices(chat)
    close(chat, {outcome = 'withdrawn', variables = '{}'})
    notify_head(QUEUE)
  elseif status == 'active' then
    ring_process(process, chat)
  end
end

-- Applies a change to the message, if it is unread or still to come in this chat, or under the person's other id once we know
-- that.
local function apply_change(chat, change, ttl)
  if not change.withdrawn and not change.text then
    return
  end
  if seen_parts(redis.call('GET', SEEN .. 'in:' .. change.message_id), chat) then
    change_unread(chat, change.message_id, change)
  else
    note_change(chat, change.message_id, change, ttl)
  end
end

-- Two ids are one person: a change that came under one id is about the message that came under the other.
local function merge_changes(lid, chat)
  local of_lid, ttl = redis.call('HGETALL', CHANGES_AHEAD .. lid), redis.call('PTTL', CHANGES_AHEAD .. lid)
  for i = 1, #of_lid, 2 do
    local change = decode(of_lid[i + 1])
    change.at = tonumber(change.at) or NOW
    note_change(chat, of_lid[i], change, math.max(ttl, redis.call('PTTL', CHANGES_AHEAD .. chat), 1))
  end
  redis.call('DEL', CHANGES_AHEAD .. lid)
  local all = redis.call('HGETALL', CHANGES_AHEAD .. chat)
  for i = 1, #all, 2 do
    change_unread(chat, all[i], decode(all[i + 1]))
  end
end
