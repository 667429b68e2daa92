-- What became of those looked at: words for the queue taken out of the inbox, a notice in the lane, or the customer leaves.
-- KEYS: namespace
-- ARGV: session, now (ms), first_notice_after (ms), then per chat: chat, id, told ('' = nothing was told), due (ms: look
--       again), examined (messages of the inbox), examined_before, since (ms: when it began to wait), leave (outcome,
--       '' = stays), variables (JSON), reply ('' = none), words (count), word...
-- Returns: how many were still waiting
local now, first_notice_after = tonumber(ARGV[2]), tonumber(ARGV[3])
local waiting, i, replied = 0, 4, false
while i <= #ARGV do
  local chat, id, told, due = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local examined, examined_before, since = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6])
  local leave, variables, element, words = ARGV[i + 7], ARGV[i + 8], ARGV[i + 9], tonumber(ARGV[i + 10])
  local key = CHAT .. chat
  local status_now, id_now, name, examined_now, claimed, opened, waiting_since =
    unpack(redis.call('HMGET', key, 'status', 'id', 'name', 'examined', 'claimed', 'opened', 'waiting_since'))
  -- A worker may have claimed it in the meantime: then the words are the flow's, and no notice follows the greeting.
  -- Or another announcer has looked meanwhile: then it is told already, and the words it answered are gone.
  -- Or it was attended and went back to the line: its inbox is another.
  local ours = (status_now == 'waiting' or status_now == 'handoff') and id_now == id and tonumber(examined_now or 0) == examined_before
    and tonumber(waiting_since or opened) == since
  if ours and words > 0 then
    local removed = 0
    for j = 1, words do
      removed = removed + redis.call('LREM', INBOX .. chat, 1, ARGV[i + 10 + j])
    end
    ours = removed > 0
  end
  if ours then
    waiting = waiting + 1
    if element ~= '' then
      drop_notices(chat)
      reply(chat, element, now)
      replied = true
    end
    if leave ~= '' then
      -- What was written before the word to leave was for this conversation and ends with it.
      redis.call('LTRIM', INBOX .. chat, examined, -1)
      close(chat, id, name, claimed, now, leave, variables, 0, first_notice_after)
      tell_head(status_now == 'handoff' and HANDOFF or QUEUE, now)
    else
      redis.call('HSET', key, 'examined', examined)
      if told ~= '' then
        redis.call('HSET', key, 'told', told, 'told_at', now)
      end
      if redis.call('LLEN', INBOX .. chat) > examined then
        due = now
        ring('announce')
      end
      redis.call('ZADD', ANNOUNCE, due, chat)
    end
  end
  i = i + 11 + words
end
if replied then
  ring('lanes')
end
return waiting
