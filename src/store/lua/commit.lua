-- One step of conversations: inbox consumed, state saved, replies in the lane, or the close; together, or refused.
-- KEYS: namespace
-- ARGV: session, now (ms), first_notice_after (ms), then per conversation: chat, epoch, rev, consumed, state, outcome
--       ('' = goes on), variables (JSON), resume_within (ms, 0 = can't be resumed), handoff ('' = no; how long (ms) it waits
--       for a person, 0 = for as long as it takes), replies (count), reply...
-- Returns per conversation: how many messages its inbox still holds (a closed one: 0), or -1: refused, because another
--       owner has it, or this step was committed before; and the first reply of its lane, if the lane was idle and is the
--       owner's to send from now on, with the token of that, what is in doubt of an earlier attempt on it, and the id to
--       send it to where that is not the chat; else four times ''
local now, first_notice_after = tonumber(ARGV[2]), tonumber(ARGV[3])
local paused = redis.call('EXISTS', PAUSED) == 1
local answer, i = {}, 4

-- Spares the sender of the same process a bell and a call: most lanes are idle when a reply comes.
local function hand_over(chat, owner)
  if paused or redis.call('HEXISTS', SENDING, chat) == 1 then
    return '', '', '', ''
  end
  if tonumber(redis.call('ZSCORE', LANES, chat)) > now then
    return '', '', '', ''
  end
  local element, doubt, address = first_reply(chat, now)
  return element, take_lane(chat, owner), doubt, address
end

-- The conversation waits under its ticket, among those who wait for a person; its worker is free.
local function hand_off(chat, id, ticket, within, now, first_notice_after)
  local key = CHAT .. chat
  redis.call('HSET', key, 'status', 'handoff', 'waiting_since', now)
  -- The time with a person is no measure of how long a worker takes.
  redis.call('HDEL', key, 'owner', 'epoch', 'claimed', 'examined', 'told', 'told_at')
  unlist(chat)
  redis.call('ZADD', HANDOFF, ticket, chat)
  redis.call('SADD', HANDOFF_UNTOLD, chat)
  if within > 0 then redis.call('ZADD', HANDOFF_DUE, now + within, chat) end
  redis.call('ZADD', ANNOUNCE, now + first_notice_after, chat)
  record('handoff', 'conversation', id, 'chat', chat, 'at', now)
end

while i <= #ARGV do
  local chat, epoch, rev, consumed = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local state, outcome, variables = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local resume_within, handoff, replies = tonumber(ARGV[i + 7]), ARGV[i + 8], tonumber(ARGV[i + 9])
  local key = CHAT .. chat
  local epoch_now, rev_now, owner, id, claimed, name, ticket =
    unpack(redis.call('HMGET', key, 'epoch', 'rev', 'owner', 'id', 'claimed', 'name', 'ticket'))
  local unread, handed_over, token, doubt, address = 0, '', '', '', ''
  if epoch_now ~= epoch or rev_now ~= rev then
    unread = -1
  else
    if consumed > 0 then
      redis.call('LTRIM', INBOX .. chat, consumed, -1)
    end
    for j = 1, replies do
      reply(chat, ARGV[i + 9 + j], now)
    end
    if replies > 0 then
      handed_over, token, doubt, address = hand_over(chat, owner)
    end
    if handoff ~= '' then
      redis.call('HSET', key, 'state', state, 'rev', rev + 1)
      if claimed then measure(chat, tonumber(claimed), now, 'handoff') end
      hand_off(chat, id, ticket, tonumber(handoff), now, first_notice_after)
    elseif outcome == '' then
      redis.call('HSET', key, 'state', state, 'rev', rev + 1)
      unread = redis.call('LLEN', INBOX .. chat)
      if unread == 0 then
        redis.call('SREM', UNREAD, chat)
      end
    else
      redis.call('HSET', key, 'state', state)
      redis.call('HDEL', key, 'owner', 'epoch')
      close(chat, id, name, claimed, now, outcome, variables, resume_within, first_notice_after)
    end
  end
  answer[#answer + 1] = unread
  answer[#answer + 1] = handed_over
  answer[#answer + 1] = token
  answer[#answer + 1] = doubt
  answer[#answer + 1] = address
  i = i + 10 + replies
end
return answer
