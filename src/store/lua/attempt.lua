-- Replies are about to be sent: noted, with their message ids where those are known beforehand, so that a doubt can be settled
-- by asking for them.
-- KEYS: namespace
-- ARGV: session, then per lane: chat, token, element (its first reply), message id ('+' = it has none)
-- Returns per lane: 1, or 0 where the reply is not the sender's to send any more
local answer = {}
for i = 2, #ARGV, 4 do
  local chat = chat_of(ARGV[i])
  local ours = redis.call('HGET', SENDING, chat) == ARGV[i + 1] and redis.call('LINDEX', LANE .. chat, 0) == ARGV[i + 2]
  if ours then
    local since, echo, address = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^(%d+) %S+ (%S+) (%S+)$')
    redis.call('HSET', ATTEMPT, chat, table.concat({since or '0', ARGV[i + 3], echo or '-', address or chat}, ' '))
  end
  answer[#answer + 1] = ours and 1 or 0
end
return answer
