-- Commits one step of each conversation: the inbox is consumed, the state saved, the replies put into the lane, and perhaps
-- the conversation handed off or closed; all together, or refused.
-- Uses: inbox, conversations, lanes, pace
-- KEYS: namespace
-- ARGV: per conversation: chat, epoch, rev, consumed, state, outcome ('' = stays open), variables (JSON), resume_within (ms, 0 =
--       can't be resumed), handoff ('' = none; else how long (ms) it waits for a person, 0 = without limit), replies (count),
--       reply...
-- Returns per conversation: how many messages its inbox still holds, with those withdrawn (0 if it closed or was handed off), or -1: refused, because
--       another process has it, or this step was committed before. No bell rings for the replies: the process looks at their
--       lanes itself.
local answer = {}
even_if_full()

-- Puts the conversation in the line for a person, under its ticket. Its worker is free.
local function hand_off(chat, id, ticket, within)
  local key = CHAT .. chat
  redis.call('HSET', key, 'status', 'handoff', 'waiting_since', NOW)
  -- The time with a person must not count as handling time of a worker.
  redis.call('HDEL', key, 'owner', 'epoch', 'claimed', 'examined', 'told', 'told_at')
  unlist(chat)
  redis.call('ZADD', HANDOFF, ticket, chat)
  redis.call('SADD', HANDOFF_UNNOTIFIED, chat)
  if within > 0 then redis.call('ZADD', HANDOFF_DUE, NOW + within, chat) end
  redis.call('ZADD', LOOK_AT, NOW + FIRST_NOTICE_AFTER, chat)
  record('handoff', 'conversation', id, 'chat', chat, 'at', NOW)
end

while has_more() do
  local chat, epoch, rev, consumed, state = next_text(), next_text(), next_text(), next_number(), next_text()
  local outcome, variables, resume_within, handoff = next_text(), next_text(), next_number(), next_text()
  local replies = {}
  for j = 1, next_number() do replies[j] = next_text() end
  local key = CHAT .. chat
  local epoch_now, rev_now, id, ticket = unpack(redis.call('HMGET', key, 'epoch', 'rev', 'id', 'ticket'))
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
    if handoff ~= '' then
      redis.call('HSET', key, 'state', state, 'rev', rev + 1)
      add_handling_time(chat, 'handoff')
      hand_off(chat, id, ticket, tonumber(handoff))
    elseif outcome == '' then
      redis.call('HSET', key, 'state', state, 'rev', rev + 1)
      unread = redis.call('LLEN', INBOX .. chat)
      if unread == 0 or not first_unread(chat) then
        redis.call('SREM', UNREAD, chat)
      end
    else
      redis.call('HSET', key, 'state', state)
      redis.call('HDEL', key, 'owner', 'epoch')
      close(chat, {outcome = outcome, variables = variables, resume_within = resume_within})
    end
  end
  answer[#answer + 1] = unread
end
return answer
