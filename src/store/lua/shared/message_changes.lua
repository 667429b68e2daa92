-- Edits and withdrawals of a customer's messages. They change what is heard as long as the message is unread.
-- Uses: inbox, seen, conversations, lanes

-- Reads a change from a history entry of this kind; nil if it is none, or not of a customer's message. Its chat is the one
-- under which we took the message, else `chat`: the change may come under the person's other id.
local function read_change(kind, data, chat)
  if kind ~= 'edited' and kind ~= 'revoked' then
    return nil
  end
  local change = decode(data)
  if change.direction ~= 'inbound' or type(change.stanza) ~= 'string' then
    return nil
  end
  local text = type(change.text) == 'string' and change.text ~= '' and change.text or nil
  local mark = redis.call('GET', SEEN .. 'in:' .. change.stanza)
  return {
    message_id = change.stanza,
    at = tonumber(change.at) or NOW,
    withdrawn = kind == 'revoked',
    -- nil if WAHA could not read the new words: the old ones stay.
    text = text,
    is_heard = mark ~= false,
    chat = mark and chat_of_seen(mark, chat) or chat,
  }
end

-- Notes a change of a message that has not come yet. A withdrawal counts more than an edit, and a later edit more than an
-- earlier one.
local function note_change(change, ttl)
  local before = decode(redis.call('GET', CHANGED .. change.message_id) or '')
  if not change.withdrawn and (before.withdrawn or (tonumber(before.at) or 0) > change.at) then
    return
  end
  local noted = {at = change.at, text = change.text, withdrawn = change.withdrawn or nil}
  redis.call('SET', CHANGED .. change.message_id, cjson.encode(noted), 'PX', ttl)
end

-- Applies a change to the message, if it is unread or still to come. If the customer withdrew all that they had written, and
-- nothing was said to them, there is nothing to answer: the conversation closes.
local function apply_change(change, ttl)
  local chat = change.chat
  if not change.withdrawn and not change.text then
    return
  end
  if not change.is_heard then
    note_change(change, ttl)
    return
  end
  local place, message, content = find_unread(chat, change.message_id)
  if not place then
    return
  end
  local changed = change.withdrawn and withdrawn(message) or edited(message, content, change.at, change.text)
  redis.call('LSET', INBOX .. chat, place, changed)
  local status, process, rev = unpack(redis.call('HMGET', CHAT .. chat, 'status', 'owner', 'rev'))
  local is_empty = not first_unread(chat)
  if is_empty then
    redis.call('SREM', UNREAD, chat)
  end
  if is_empty and status == 'waiting' and rev == '0' then
    drop_notices(chat)
    close(chat, {outcome = 'withdrawn', variables = '{}'})
    notify_head(QUEUE)
  elseif status == 'active' then
    ring_process(process, chat)
  end
end
