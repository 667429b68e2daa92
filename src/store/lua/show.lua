-- One open conversation as a person sees it. It only reads.
-- KEYS: namespace
-- ARGV: chat, count (how many messages and replies)
-- Returns: nothing if none is open and the owner does not attend the chat; else chat, place in line (0 = in none), until when (ms) the
--          owner's phone has it or '', since when (ms) the customer waits for an answer of the agent or '', the fields of the
--          conversation (array: name, value...), how many messages are unread, the last of them (array), how many replies wait,
--          the first of them (array)
local chat, count = chat_of(next_text()), next_number()
local key = CHAT .. chat
local fields = redis.call('HGETALL', key)
local status, team = unpack(redis.call('HMGET', key, 'status', 'team'))
local phone = redis.call('ZSCORE', TAKEOVER_UNTIL, chat)
if (not status or status == 'closed') and not phone then
  return {}
end
local line
if status == 'waiting' then
  line = QUEUE
elseif status == 'handoff' then
  line = (team or '') == '' and HANDOFF or HANDOFF_TO .. team
end
local rank = line and redis.call('ZRANK', line, chat)
local unanswered = redis.call('ZSCORE', HELD_SINCE, chat)
local inbox, lane = INBOX .. chat, LANE .. chat
return {chat, tostring(rank and rank + 1 or 0), phone and string.format('%.0f', phone) or '', unanswered and string.format('%.0f', unanswered) or '',
  fields, redis.call('LLEN', inbox), redis.call('LRANGE', inbox, -count, -1), redis.call('LLEN', lane), redis.call('LRANGE', lane, 0, count - 1)}
