-- Stores what WAHA answered about the `@lid` of persons: their `@c.us`, or that it does not know.
-- Uses: merge_chats
-- KEYS: namespace
-- ARGV: again_after (ms), then per person: lid, chat ('' = WAHA does not know)
-- Returns: how many of the pairs are one chat now
local again_after = next_number()
local linked = 0
while has_more() do
  local lid, chat = next_text(), next_text()
  if chat ~= '' then
    if chat_of_person(lid, chat) == chat then linked = linked + 1 end
  elseif redis.call('EXISTS', CHAT .. lid) == 1 then
    redis.call('ZADD', LIDS_TO_ASK, NOW + again_after, lid)
  else
    -- We ask again when they write again.
    redis.call('ZREM', LIDS_TO_ASK, lid)
  end
end
return linked
