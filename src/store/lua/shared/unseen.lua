-- The customer's messages that are not marked as seen yet: the sender marks them before it answers.

-- WAHA itself marks at most 30 at once; after a day, nobody waits for the mark.
local UNSEEN_MAX, UNSEEN_TTL = 30, 86400000

-- Notes a message that arrived from the id `from`: under this id WAHA knows it.
local function note_unseen(chat, from, message_id, received_at)
  local key = UNSEEN .. chat
  redis.call('ZADD', key, received_at, 'false_' .. from .. '_' .. message_id)
  redis.call('ZREMRANGEBYRANK', key, 0, -UNSEEN_MAX - 1)
  redis.call('PEXPIRE', key, UNSEEN_TTL)
end

-- Both ids of a person have one chat now.
local function merge_unseen(lid, chat)
  if redis.call('EXISTS', UNSEEN .. lid) == 1 then
    redis.call('ZUNIONSTORE', UNSEEN .. chat, 2, UNSEEN .. chat, UNSEEN .. lid, 'AGGREGATE', 'MAX')
    redis.call('PEXPIRE', UNSEEN .. chat, UNSEEN_TTL)
    redis.call('DEL', UNSEEN .. lid)
  end
end
