-- Reads a conversation, with its inbox.
-- KEYS: namespace
-- ARGV: chat, process
-- Returns: nothing if the process does not hold it; else chat, id, epoch, rev, state or '', name or '', silent for (ms;
--          '' = not known), opened (ms), three times '' (what `claim` returns of the contact), inbox...
local chat, process = next_text(), next_text()
local holder, id, epoch, rev, state, name, heard, opened =
  unpack(redis.call('HMGET', CHAT .. chat, 'owner', 'id', 'epoch', 'rev', 'state', 'name', 'heard', 'opened'))
if holder ~= process then
  return {}
end
local answer = redis.call('LRANGE', INBOX .. chat, 0, -1)
for i, field in ipairs({chat, id, epoch, rev, state or '', name or '', silent_for(heard), opened or '0', '', '', ''}) do
  table.insert(answer, i, field)
end
return answer
