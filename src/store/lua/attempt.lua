-- Notes that replies are about to be sent, with their message ids if those are known in advance, so that a doubt can be
-- settled by asking for the id.
-- Uses: lanes, lines
-- KEYS: namespace
-- ARGV: per lane: chat, token, element (its first reply), message id ('+' = it has none), address
-- Returns per lane: 1, or 0 if the sender may not send the reply any more, because it lost the lane, the
--       owner answers the chat and the reply is the bot's, or the reply is a notice that has waited too long
local answer = {}
even_if_full()
while has_more() do
  local chat, token, element, message_id, address = chat_of(next_text()), next_text(), next_text(), next_text(), next_text()
  local ours = redis.call('HGET', SENDING, chat) == token and redis.call('LINDEX', LANE .. chat, 0) == element
    and (is_agents(element) or not redis.call('ZSCORE', TAKEOVER_UNTIL, chat)) and not is_expired(element)
  if ours then
    redis.call('HSET', ATTEMPT, chat, string.format('%.0f %s - %s', NOW, message_id, address))
  end
  answer[#answer + 1] = ours and 1 or 0
end
return answer
