-- One step of conversations: inbox consumed, state saved, replies in the lane, or the close; together, or refused.
-- KEYS: namespace
-- ARGV: session, now (ms), first_notice_after (ms), then per conversation: chat, epoch, rev, consumed, state, outcome
--       ('' = goes on), variables (JSON), resume_within (ms, 0 = can't be resumed), replies (count), reply...
-- Returns per conversation: how many messages its inbox still holds (a closed one: 0), or -1: refused, because another
--       owner has it, or this step was committed before
local now, first_notice_after = tonumber(ARGV[2]), tonumber(ARGV[3])
local answer, i, replied = {}, 4, false
while i <= #ARGV do
  local chat, epoch, rev, consumed = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local state, outcome, variables = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local resume_within, replies = tonumber(ARGV[i + 7]), tonumber(ARGV[i + 8])
  local key = CHAT .. chat
  local epoch_now, rev_now, id, claimed, name = unpack(redis.call('HMGET', key, 'epoch', 'rev', 'id', 'claimed', 'name'))
  if epoch_now ~= epoch or rev_now ~= rev then
    answer[#answer + 1] = -1
  else
    if consumed > 0 then
      redis.call('LTRIM', INBOX .. chat, consumed, -1)
    end
    for j = 1, replies do
      reply(chat, ARGV[i + 8 + j], now)
      replied = true
    end
    if outcome == '' then
      redis.call('HSET', key, 'state', state, 'rev', rev + 1)
      local left = redis.call('LLEN', INBOX .. chat)
      if left == 0 then
        redis.call('SREM', UNREAD, chat)
      end
      answer[#answer + 1] = left
    else
      redis.call('HSET', key, 'state', state)
      redis.call('HDEL', key, 'owner', 'epoch')
      close(chat, id, name, claimed, now, outcome, variables, resume_within, first_notice_after)
      answer[#answer + 1] = 0
    end
  end
  i = i + 9 + replies
end
if replied then
  ring('lanes')
end
return answer
