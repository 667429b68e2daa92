-- A person closes a conversation.
-- Uses: conversations, lanes, actions
-- KEYS: namespace
-- ARGV: action, by, chat, conversation, rev, holder, seen (how many unread messages they saw; '' = all; later ones open the next conversation), outcome,
--       reply ('' = none), asks_rating ('1' = that reply asks to rate it)
-- Returns: as `answer_of` makes it: 'done' | 'held' | 'changed' | 'closed' (it was closed already)
local action = next_action()
local seen, outcome, element, asks_rating = next_text(), next_text(), next_text(), next_text() == '1'
even_if_full()

local function close_it()
  local refusal = refused(action)
  if refusal then return refusal end
  local chat = action.chat
  local state, id = unpack(redis.call('HMGET', CHAT .. chat, 'state', 'id'))
  take_out(chat, nil)
  drop_seen(chat, seen)
  if element ~= '' then
    reply(chat, element)
    ring('lanes')
  end
  close(chat, {outcome = outcome, variables = variables_of(state), by = action.by, asks_rating = asks_rating})
  return done(action, {'done', chat, id, '', '', ''})
end

return done_before(action) or close_it()
