-- Replies are about to be sent: noted, with their message ids where those are known beforehand, so that a doubt can be settled
-- by asking for them.
-- KEYS: namespace
-- ARGV: session, then per lane: chat, token, element (its first reply), now (ms), message id ('+' = it has none), address
-- Returns per lane: 1, or 0 where the reply is not the sender's to send any more, or the owner answers the chat
local answer = {}
for i = 2, #ARGV, 6 do
  local chat = chat_of(ARGV[i])
  local ours = redis.call('HGET', SENDING, chat) == ARGV[i + 1] and redis.call('LINDEX', LANE .. chat, 0) == ARGV[i + 2]
    and not redis.call('ZSCORE', PHONE, chat)
  if ours then
    redis.call('HSET', ATTEMPT, chat, table.concat({ARGV[i + 3], ARGV[i + 4], '-', ARGV[i + 5]}, ' '))
  end
  answer[#answer + 1] = ours and 1 or 0
end
return answer
