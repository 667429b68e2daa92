-- Puts events into the history that open and continue nothing: our own messages, acks, edits, and so on.
-- KEYS: namespace
-- ARGV: session, seen_ttl (ms), then per event: seen ('' = can't be told apart), kind, chat, own ('1' = a message of
--       ours, which makes its chat known; '' = only recorded where the chat is known), data (JSON)
-- Returns per event: 'recorded' | 'duplicate' | 'ignored'
local answer = {}
for i = 3, #ARGV, 5 do
  local seen, kind, chat, own, data = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local result = 'recorded'
  if seen ~= '' and redis.call('EXISTS', SEEN .. seen) == 1 then
    result = 'duplicate'
  elseif own == '' and redis.call('SISMEMBER', KNOWN, chat) == 0 then
    result = 'ignored'
  else
    if own == '1' then
      redis.call('SADD', KNOWN, chat)
    end
    record(kind, 'conversation', redis.call('HGET', CHAT .. chat, 'id') or '', 'data', data)
    if seen ~= '' then
      redis.call('SET', SEEN .. seen, '1', 'PX', ARGV[2])
    end
  end
  answer[#answer + 1] = result
end
return answer
