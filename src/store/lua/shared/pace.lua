-- How fast a chat goes: the conversations and replies of the current hour, and the customer's answers in a row that look as
-- if a machine wrote them. The hour begins with the first of them, and all is forgotten when it is over.

local HOUR = 3600000
-- Nobody reads a reply and answers it within this time (ms).
local AT_ONCE = 1000

-- Lets a chat's pace end with its hour. `is_new`: what was noted is not there yet in this hour, so the hour may begin with it.
local function keep_for_an_hour(chat, is_new)
  if is_new and redis.call('PTTL', PACE .. chat) < 0 then redis.call('PEXPIRE', PACE .. chat, HOUR) end
end

-- Counts one more conversation or reply: 'conversations' or 'replies'.
local function count_in_hour(chat, what)
  local count = redis.call('HINCRBY', PACE .. chat, what, 1)
  keep_for_an_hour(chat, count == 1)
end

-- A reply of a flow was sent: the customer's next message answers it.
local function note_sent(chat)
  local added = redis.call('HSET', PACE .. chat, 'sent_at', string.format('%.0f', redis_time()))
  keep_for_an_hour(chat, added == 1)
end

-- Takes a message into account: its words, with 'l' before them if they are longer than a person types at once, else with
-- 's' ('s' alone: so short that it does not matter whether they are repeated); '' if it says nothing about who wrote it.
-- Returns how many answers in a row look as if a machine wrote them. Only the first message after a reply is an answer. It
-- looks so
--   * if it is long and repeats the answer before it, or
--   * if it comes at once, and is long or repeats the answer before it.
local function note_answer(chat, words)
  local key = PACE .. chat
  local sent_at, last, in_a_row = unpack(redis.call('HMGET', key, 'sent_at', 'answer', 'machine'))
  in_a_row = tonumber(in_a_row or 0)
  if not sent_at or words == '' then
    return in_a_row
  end
  local is_long, repeats = string.sub(words, 1, 1) == 'l', words == last and words ~= 's'
  local at_once = redis_time() - sent_at < AT_ONCE
  if (is_long and repeats) or (at_once and (is_long or repeats)) then
    in_a_row = in_a_row + 1
  else
    in_a_row = 0
  end
  redis.call('HSET', key, 'answer', words, 'machine', in_a_row)
  redis.call('HDEL', key, 'sent_at')
  return in_a_row
end

-- Two ids are one person: what both did in their hours counts together.
local function merge_paces(lid, chat)
  local of_lid, of_chat = PACE .. lid, PACE .. chat
  if redis.call('EXISTS', of_chat) == 0 then
    if redis.call('EXISTS', of_lid) == 1 then redis.call('RENAME', of_lid, of_chat) end
    return
  end
  local conversations, replies, sent_at, answer, in_a_row =
    unpack(redis.call('HMGET', of_lid, 'conversations', 'replies', 'sent_at', 'answer', 'machine'))
  redis.call('HINCRBY', of_chat, 'conversations', conversations or 0)
  redis.call('HINCRBY', of_chat, 'replies', replies or 0)
  if sent_at and tonumber(sent_at) > tonumber(redis.call('HGET', of_chat, 'sent_at') or 0) then
    redis.call('HSET', of_chat, 'sent_at', sent_at)
  end
  if answer and tonumber(in_a_row) > tonumber(redis.call('HGET', of_chat, 'machine') or 0) then
    redis.call('HSET', of_chat, 'answer', answer, 'machine', in_a_row)
  end
  redis.call('DEL', of_lid)
end
