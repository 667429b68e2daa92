-- Commits one step of each conversation: the inbox is consumed, the state saved, the replies put into the lane, and perhaps
-- the conversation handed off or closed; all together, or refused.
-- Uses: inbox, conversations, lanes, pace
-- KEYS: namespace
-- ARGV: per conversation: chat, epoch, rev, consumed, state, outcome ('' = stays open), variables (JSON), resume_within (ms, 0 =
--       can't be resumed), handoff ('' = none; else how long (ms) it waits for a person (0 = without limit), the priority ('normal' or 'urgent') and
--       the team ('' = none), with spaces between), note (for the person), known (what the flow remembers, JSON; '' = no change), asks_rating ('1' = the
--       customer was asked to rate it), replies (count), reply...
-- Returns per conversation: how many messages its inbox still holds, with those withdrawn (0 if it closed or was handed off), or -1: refused, because
--       another process has it, or this step was committed before. No bell rings for the replies: the process looks at their
--       lanes itself.
local answer = {}
even_if_full()

-- Puts the conversation in the line for a person. Its worker is free. A move counted for the line that it leaves.
local function hand_off(chat, handoff, note)
  local within, priority, team = string.match(handoff, '^(%d+) (%a+) (.*)$')
  redis.call('HSET', CHAT .. chat, 'priority', priority, 'within', within)
  redis.call('HDEL', CHAT .. chat, 'place')
  wait_for_person(chat, team, wait_ends(chat))
  record_handoff(chat, note)
end

while has_more() do
  local chat, epoch, rev, consumed, state = next_text(), next_text(), next_text(), next_number(), next_text()
  local outcome, variables, resume_within, handoff = next_text(), next_text(), next_number(), next_text()
  local note, known, asks_rating = next_text(), next_text(), next_text()
  local replies = {}
  for j = 1, next_number() do replies[j] = next_text() end
  local key = CHAT .. chat
  local epoch_now, rev_now = unpack(redis.call('HMGET', key, 'epoch', 'rev'))
  local unread = 0
  if epoch_now ~= epoch or rev_now ~= rev then
    unread = -1
  else
    drop_first(chat, consumed)
    for _, element in ipairs(replies) do
      reply(chat, element)
    end
    if #replies > 0 then
      redis.call('HDEL', key, 'delivered', 'given_up')
      count_in_hour(chat, 'replies')
    end
    if known ~= '' then remember(chat, known) end
    if handoff ~= '' then
      redis.call('HSET', key, 'state', state, 'rev', rev + 1)
      add_handling_time(chat, 'handoff')
      hand_off(chat, handoff, note)
    elseif outcome == '' then
      redis.call('HSET', key, 'state', state, 'rev', rev + 1)
      unread = redis.call('LLEN', INBOX .. chat)
      if unread == 0 or not first_unread(chat) then
        redis.call('SREM', UNREAD, chat)
      end
    else
      redis.call('HSET', key, 'state', state)
      redis.call('HDEL', key, 'owner', 'epoch')
      close(chat, {outcome = outcome, variables = variables, resume_within = resume_within, asks_rating = asks_rating == '1'})
    end
  end
  answer[#answer + 1] = unread
end
return answer
