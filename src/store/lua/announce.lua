-- Stores the results of looking at customers in line: words for the queue leave the inbox, a notice goes into the lane, or
-- the customer leaves. A notice that nobody asked for waits until it is the customer's turn.
-- Uses: inbox, conversations, lanes, pace, lines
-- KEYS: namespace
-- ARGV: per_minute (how many such notices the session may send in a minute), then per chat: chat, id, turn ('1' = it is their turn), announced (the place that the reply tells, '' = none), moved (as it was seen), told_pause (the pause that the
--       reply tells of, '' = none), due (ms: when to look again), examined (messages of
--       the inbox), examined_before, since (ms: when it began to wait), leave (outcome, '' = stays), variables (JSON), reply
--       ('' = none), words (count), word...
-- Returns: how many were still waiting
even_if_full()
local per_minute = next_number()
local waiting, replied, free = 0, false, free_notices(per_minute)
while has_more() do
  local chat, id, turn, announced, moved, told_pause = next_text(), next_text(), next_text() == '1', next_text(), next_text(), next_text()
  local due, examined, examined_before, since = next_number(), next_number(), next_number(), next_number()
  local leave, variables, element, words = next_text(), next_text(), next_text(), next_number()
  local key = CHAT .. chat
  local status_now, id_now, examined_now, opened, waiting_since, team, moved_now =
    unpack(redis.call('HMGET', key, 'status', 'id', 'examined', 'opened', 'waiting_since', 'team', 'moved'))
  -- Nothing is done if the conversation changed since the look. If a worker claimed it, its messages are for the flow, and
  -- no notice may follow the greeting. If another announcer looked, the customer got the notice, and the words are gone. If
  -- a worker had it and it is back in line, its inbox has changed.
  local ours = (status_now == 'waiting' or status_now == 'handoff') and id_now == id and tonumber(examined_now or 0) == examined_before
    and tonumber(waiting_since or opened) == since
  local removed = 0
  for _ = 1, words do
    local word = next_text()
    if ours then removed = removed + drop_unread(chat, word) end
  end
  if ours and (words == 0 or removed > 0) then
    waiting = waiting + 1
    local must_wait = is_notice(element) and not (turn and free > 0)
    if element ~= '' and not must_wait then
      drop_notices(chat)
      reply(chat, element)
      if is_notice(element) then
        count_notice(element)
        free = free - 1
      end
      replied = true
      -- A notice that nobody asked for does not count.
      if words > 0 then count_in_hour(chat, 'replies') end
    end
    if leave ~= '' then
      -- Messages before the word to leave were for this conversation, and end with it.
      drop_first(chat, examined)
      close(chat, {outcome = leave, variables = variables})
      notify_head(line_of(status_now, team))
    else
      redis.call('HSET', key, 'examined', examined)
      if announced ~= '' and not must_wait then
        redis.call('HSET', key, 'told', announced, 'told_at', NOW)
        if moved_now == moved then redis.call('HDEL', key, 'moved') end
      end
      if told_pause ~= '' and not must_wait then
        redis.call('HSET', key, 'told_pause', told_pause)
      end
      -- More has come, or it was moved, since the look.
      if redis.call('LLEN', INBOX .. chat) > examined or (moved_now or '') ~= moved then
        due, must_wait = NOW, false
        ring('announce')
      end
      if must_wait then
        put_off(chat, line_of(status_now, team))
      else
        redis.call('ZADD', LOOK_AT, due, chat)
      end
    end
  end
end
if replied then
  ring('lanes')
end
return waiting
