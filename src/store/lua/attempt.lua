-- Replies are about to be sent with message ids known beforehand: kept, so that a doubt can be settled by asking for them.
-- KEYS: namespace
-- ARGV: session, then per lane: chat, token, message id
-- Returns per lane: 1, or 0 where it is no longer the sender's
local answer = {}
for i = 2, #ARGV, 3 do
  local chat = chat_of(ARGV[i])
  local held = redis.call('HGET', SENDING, chat) == ARGV[i + 1]
  if held then
    local since = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^%d+') or '0'
    redis.call('HSET', ATTEMPT, chat, since .. ' ' .. ARGV[i + 2] .. ' -')
  end
  answer[#answer + 1] = held and 1 or 0
end
return answer
