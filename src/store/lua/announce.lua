-- What became of those looked at: words for the queue taken out of the inbox, a notice in the lane, or the customer leaves.
-- Uses: conversations, lanes
-- KEYS: namespace
-- ARGV: per chat: chat, id, told ('' = nothing was told), due (ms: look again), examined (messages of the inbox),
--       examined_before, since (ms: when it began to wait), leave (outcome, '' = stays), variables (JSON), reply ('' = none),
--       words (count), word...
-- Returns: how many were still waiting
local waiting, replied = 0, false
while more() do
  local chat, id, told, due, examined, examined_before, since = text(), text(), text(), number(), number(), number(), number()
  local leave, variables, element, words = text(), text(), text(), number()
  local key = CHAT .. chat
  local status_now, id_now, examined_now, opened, waiting_since =
    unpack(redis.call('HMGET', key, 'status', 'id', 'examined', 'opened', 'waiting_since'))
  -- A worker may have claimed it in the meantime: then the words are the flow's, and no notice follows the greeting.
  -- Or another announcer has looked meanwhile: then it is told already, and the words it answered are gone.
  -- Or a worker had it and it went back to the line: its inbox is another.
  local ours = (status_now == 'waiting' or status_now == 'handoff') and id_now == id and tonumber(examined_now or 0) == examined_before
    and tonumber(waiting_since or opened) == since
  local removed = 0
  for _ = 1, words do
    local word = text()
    if ours then removed = removed + redis.call('LREM', INBOX .. chat, 1, word) end
  end
  if ours and (words == 0 or removed > 0) then
    waiting = waiting + 1
    if element ~= '' then
      drop_notices(chat)
      reply(chat, element)
      replied = true
    end
    if leave ~= '' then
      -- What was written before the word to leave was for this conversation and ends with it.
      redis.call('LTRIM', INBOX .. chat, examined, -1)
      close(chat, {outcome = leave, variables = variables})
      notify_head(status_now == 'handoff' and HANDOFF or QUEUE)
    else
      redis.call('HSET', key, 'examined', examined)
      if told ~= '' then
        redis.call('HSET', key, 'told', told, 'told_at', NOW)
      end
      if redis.call('LLEN', INBOX .. chat) > examined then
        due = NOW
        ring('announce')
      end
      redis.call('ZADD', ANNOUNCE, due, chat)
    end
  end
end
if replied then
  ring('lanes')
end
return waiting
