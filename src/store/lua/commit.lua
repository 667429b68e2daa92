-- Commits one step of each conversation: the inbox is consumed, the state saved, the replies put into the lane, and perhaps
-- the conversation handed off or closed; all together, or refused.
-- Uses: inbox, conversations, lanes, pace
-- KEYS: namespace
-- ARGV: per conversation: chat, epoch, rev, consumed (count), messages (those, with line ends between), state, outcome ('' = stays
--       open), variables (JSON), resume_within (ms, 0 = can't be resumed), handoff ('' = none; else how long (ms) it waits for a person
--       (0 = without limit), the priority ('normal' or 'urgent') and the team ('' = none), with spaces between), note (for the
--       person), known (what the flow remembers, JSON; '' = no change), asks_rating ('1' = the customer was asked to rate it), sender
--       (the process that sends the replies if nobody does yet, '' = any), replies (count), reply...
-- Returns per conversation: how many messages its inbox still holds, with those withdrawn (0 if it closed or was handed off), or -1:
--       refused, because another process has it, or this step was committed before, or -2: refused, because the inbox does not
--       begin with these messages; then the token of its lane ('' = the sender did not get it), its first reply, the earlier attempt on
--       that which is in doubt, and the address, as `take_lanes` returns them. No bell rings for the replies: the process looks
--       at their lanes itself.
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
  local chat, epoch, rev, consumed, messages, state = next_text(), next_text(), next_text(), next_number(), next_text(), next_text()
  local outcome, variables, resume_within, handoff = next_text(), next_text(), next_number(), next_text()
  local note, known, asks_rating, sender = next_text(), next_text(), next_text(), next_text()
  local replies = {}
  for j = 1, next_number() do replies[j] = next_text() end
  local key = CHAT .. chat
  local epoch_now, rev_now = unpack(redis.call('HMGET', key, 'epoch', 'rev'))
  local unread, token, element, doubt, address = 0, '', '', '', ''
  if epoch_now ~= epoch or rev_now ~= rev then
    unread = -1
  elseif consumed > 0 and table.concat(redis.call('LRANGE', INBOX .. chat, 0, consumed - 1), '\n') ~= messages then
    unread = -2
  else
    drop_first(chat, consumed)
    local fields = {'state', state}
    if #replies > 0 then
      token, element, doubt, address = reply_and_take(chat, replies, sender)
      fields[3], fields[4] = 'delivery', ''
      count_in_hour(chat, 'replies')
    end
    if known ~= '' then remember(chat, known) end
    if handoff ~= '' then
      redis.call('HSET', key, 'rev', rev + 1, unpack(fields))
      add_handling_time(chat, 'handoff')
      hand_off(chat, handoff, note)
    elseif outcome == '' then
      redis.call('HSET', key, 'rev', rev + 1, unpack(fields))
      unread = redis.call('LLEN', INBOX .. chat)
      if unread == 0 or not first_unread(chat) then
        redis.call('SREM', UNREAD, chat)
      end
    else
      redis.call('HSET', key, unpack(fields))
      redis.call('HDEL', key, 'owner', 'epoch')
      close(chat, {outcome = outcome, variables = variables, resume_within = resume_within, asks_rating = asks_rating == '1'})
    end
  end
  for _, field in ipairs({unread, token, element, doubt, address}) do
    answer[#answer + 1] = field
  end
end
return answer
