-- Replies are about to be sent: noted, with their message ids where those are known beforehand, so that a doubt can be settled
-- by asking for them.
-- KEYS: namespace
-- ARGV: per lane: chat, token, element (its first reply), message id ('+' = it has none), address
-- Returns per lane: 1, or 0 where the reply is not the sender's to send any more, or the owner answers the chat
local answer = {}
while more() do
  local chat, token, element, message_id, address = chat_of(text()), text(), text(), text(), text()
  local ours = redis.call('HGET', SENDING, chat) == token and redis.call('LINDEX', LANE .. chat, 0) == element
    and not redis.call('ZSCORE', PHONE, chat)
  if ours then
    redis.call('HSET', ATTEMPT, chat, string.format('%.0f %s - %s', NOW, message_id, address))
  end
  answer[#answer + 1] = ours and 1 or 0
end
return answer
