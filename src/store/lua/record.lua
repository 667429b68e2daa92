-- Puts events into the history that neither open nor continue a conversation: our own messages, acks, edits, and so on. If
-- our sender did not send a message of ours, the owner wrote it on their own phone. An edit or a withdrawal also changes an
-- unread message of the customer.
-- Uses: seen, sent_by_us, owner_takeover, message_changes, merge_chats, server
-- KEYS: namespace
-- ARGV: seen_ttl (ms), then per event: dedup_key (recognises the same event, '' = none), kind, from, other_id (the customer's
--       other id, '' = not known), is_message ('1' = a message, which makes its chat known; '' = only recorded if the chat is
--       known; what a customer changes is always recorded: the message may come later), parts (of the content of a message: one letter each), echo (the id of a message of ours, else ''), wording,
--       sent as (the words of that message, and how a reply can be sent to become such a message, as `sent_by_us` compares
--       them; '' = it says nothing), data (JSON), heard (the same with the
--       part that counts here; '' = nothing is left out), phone_quiet (ms), takeover (what it means if the owner wrote it: 'says' or
--       'ends'; 'ours' = they did not; '' = nothing), last_activity_at (ms: when the last known message after it was sent)
-- Returns per event: 'recorded' | 'duplicate' | 'ignored' | 'begins', 'ends' (recorded, and a takeover by the owner begins or ends) |
--       'unsure' (not recorded: the owner may have written it, or Redis forgot that we did; first this process writes back what it sent)
local seen_ttl = next_number()
local answer = {}
while has_more() do
  local dedup_key, kind, from = next_text(), next_text(), next_text()
  local other_id, is_message, parts, echo = next_text(), next_text(), next_text(), next_text()
  local content, data = {wording = next_text(), sent_as = next_text()}, next_text()
  local heard = next_text()
  if heard == '' then heard = data end
  local quiet, takeover, last_activity_at = next_number(), next_text(), next_number()
  local chat = chat_of_person(from, other_id)
  local change = read_change(kind, heard)
  local seen = SEEN .. dedup_key
  local marks = dedup_key ~= '' and redis.call('GET', seen)
  -- A copy may come under the person's other id before we know that both are one person.
  local known, perhaps = seen_parts(marks, chat)
  local result = 'recorded'
  if (known or perhaps) and has_parts(known or perhaps, parts) then
    result = 'duplicate'
  elseif known and known ~= '' then
    -- A later copy of a message brings more of its content. It meant something already; only the history needs the rest.
    record_under(chat, from, kind, 'conversation', '', 'data', data)
    mark_seen(seen, marks, parts, chat, seen_ttl)
    result = 'duplicate'
  elseif is_message == '' and not change and redis.call('SISMEMBER', KNOWN, chat) == 0 then
    result = 'ignored'
  else
    if is_message == '1' then
      redis.call('SADD', KNOWN, chat)
    end
    local conversation = redis.call('HGET', CHAT .. chat, 'id') or ''
    if kind == 'message' and echo ~= '' then
      local message = decode(heard)
      -- It may come under the person's other id, before we know that both ids are one person.
      content.text = message.text
      local ours = takeover == 'ours' or sent_by_us(chat, echo, content)
        or (message.other_id and sent_by_us(chat_of(message.other_id), echo, content))
      local sent_at = message.sent_at or 0
      if not ours and takeover == 'says' then
        -- We never say the word that ends a takeover.
        if not is_known_server() then
          result = 'unsure'
        else
          ours = may_be_forgotten(sent_at)
        end
      end
      if result ~= 'unsure' then
        note_echo(chat, echo, sent_at, content)
        record_under(chat, from, kind, 'conversation', conversation, 'author', ours and 'bot' or 'phone', 'data', data)
        if not ours and takeover ~= '' then
          note_owner_wrote(chat, sent_at, seen_ttl)
          result = owner_wrote(chat, sent_at, last_activity_at, takeover == 'ends', quiet) or result
          if result == 'begins' then
            redis.call('SET', TAKEOVER_BEGAN_BY .. echo, string.format('%.0f %s', sent_at, chat), 'PX', quiet)
          end
        end
      end
    else
      if echo ~= '' then note_echo(chat, echo) end
      record_under(chat, from, kind, 'conversation', conversation, 'data', data)
    end
    if result == 'unsure' then
      -- It comes again.
    elseif dedup_key ~= '' and is_message == '1' then
      mark_seen(seen, marks, parts, chat, seen_ttl)
    elseif dedup_key ~= '' then
      redis.call('SET', seen, '1', 'PX', seen_ttl)
    end
  end
  if change and result ~= 'duplicate' then
    apply_change(chat, change, seen_ttl)
  end
  answer[#answer + 1] = result
end
return answer
