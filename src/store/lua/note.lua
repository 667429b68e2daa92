-- A person notes something about a conversation. The customer never sees it.
-- Uses: actions
-- KEYS: namespace
-- ARGV: action, by, chat, conversation, rev, holder (does not matter), text
-- Returns: as `answer_of` makes it: 'noted' | 'changed' | 'closed'
local action = next_action()
local text = next_text()
even_if_full()

local function note()
  local chat = action.chat
  action.holder = holder_of(chat) or ''
  local refusal = refused(action)
  if refusal then return refusal end
  record('noted', 'conversation', redis.call('HGET', CHAT .. chat, 'id'), 'chat', chat, 'at', NOW, 'by', action.by, 'text', text)
  return done(action, answer_of('noted', chat))
end

return done_before(action) or note()
