-- An agent says something to the customer whose conversation they hold, or finds that nothing needs to be said. What the customer wrote
-- before is answered.
-- Uses: inbox, lanes, actions
-- KEYS: namespace
-- ARGV: action, by, chat, conversation, rev, holder, seen (how many unread messages they saw; '' = all), reply ('' = none)
-- Returns: as `answer_of` makes it: 'said' | 'held' | 'changed' | 'closed'
local action = next_action()
local seen, element = next_text(), next_text()
even_if_full()

local function say()
  local refusal = refused(action)
  if refusal then return refusal end
  local chat = action.chat
  drop_seen(chat, seen)
  -- What others saw of it is out of date: their count of unread messages means others now.
  redis.call('HINCRBY', CHAT .. chat, 'rev', 1)
  redis.call('ZREM', HELD_SINCE, chat)
  if first_unread(chat) then redis.call('ZADD', HELD_SINCE, NOW, chat) end
  if element ~= '' then
    redis.call('HSET', CHAT .. chat, 'delivery', '')
    reply(chat, element)
    ring('lanes')
  end
  return done(action, answer_of('said', chat))
end

return done_before(action) or say()
