-- The owner moves a waiting conversation in its line. Nobody else loses more than one place.
-- Uses: conversations, actions, lines
-- KEYS: namespace
-- ARGV: action, by, chat, conversation, rev, holder ('' = nobody has it), to ('first' | 'urgent' | 'last')
-- Returns: as `answer_of` makes it: 'moved' (its place now) | 'held' | 'changed' | 'closed'
local action = next_action()
local to = next_text()
even_if_full()

local function move()
  local refusal = refused(action)
  if refusal then return refusal end
  local chat = action.chat
  local key = CHAT .. chat
  local id, status, team, ticket = unpack(redis.call('HMGET', key, 'id', 'status', 'team', 'ticket'))
  local line = line_of(status, team)
  local place_before = redis.call('ZRANK', line, chat)
  if to == 'first' then
    local head = redis.call('ZRANGE', line, 0, 0, 'WITHSCORES')
    -- Also before those who become urgent later.
    local place = math.min(head[2], -2 * URGENT) - 1
    if head[1] ~= chat then redis.call('HSET', key, 'place', string.format('%.0f', place)) end
  elseif to == 'urgent' then
    redis.call('HSET', key, 'priority', 'urgent', 'place', string.format('%.0f', ticket - URGENT))
  else
    -- As if they had just come.
    redis.call('HSET', key, 'priority', 'normal', 'place', redis.call('INCR', TICKET))
  end
  stand_in_line(chat, line)
  local place = redis.call('ZRANK', line, chat)
  if place ~= place_before then
    -- The customer is told.
    redis.call('HSET', key, 'moved', NOW)
    redis.call('ZADD', LOOK_AT, NOW, chat)
    ring('announce')
    if place_before == 0 then notify_head(line) end
  end
  record('moved', 'conversation', id, 'chat', chat, 'at', NOW, 'by', action.by, 'to', to)
  return done(action, answer_of('moved', chat, tostring(place + 1)))
end

return done_before(action) or move()
