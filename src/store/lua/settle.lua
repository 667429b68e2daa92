-- Settles the first reply of lanes: WAHA took it, or we gave up on it, or it is tried again later.
-- Uses: lanes, pace, sent_by_us, owner_takeover, lines
-- KEYS: namespace
-- ARGV: dead_max, sent_ids_ttl (ms), then per lane: chat, token, element, verdict ('sent' | 'dead' | 'retry' | 'release'), due (ms,
--       for retry and release), again (the element to try again), doubt ('1' = it may have been sent all the same), message id (of
--       the message that it became, or that it was sent with for a retry; '' = not known), conversation, data (JSON, for the history), reason
-- Returns per lane: the next reply, which the sender may send under the same token, the earlier attempt on it that is in doubt, and
--       the id to send it to if that is not the chat; or three times '' if the lane is empty, must wait, or is no longer the sender's
local dead_max, sent_ids_ttl = next_number(), next_number()
local answer, counts = {}, {}
even_if_full()

-- An attempt that failed may have been sent with this id. If the call that noted the id was lost, it is noted now: all know the id as one
-- of ours, so that the message is found by its id alone.
local function note_id(chat, message_id)
  local since, id, rest = string.match(redis.call('HGET', ATTEMPT, chat) or '', '^(%d+) (%S+) (.*)$')
  if id and id ~= '-' then return end
  rest = rest or '- ' .. (redis.call('HGET', ADDRESS, chat) or chat)
  redis.call('HSET', ATTEMPT, chat, table.concat({since or string.format('%.0f', NOW), message_id, rest}, ' '))
end

while has_more() do
  local id, token, element, verdict, due = next_text(), next_text(), next_text(), next_text(), next_number()
  local again, doubt, message_id = next_text(), next_text(), next_text()
  local conversation, data, reason = next_text(), next_text(), next_text()
  local chat = chat_of(id)
  local lane = LANE .. chat
  local next_reply, next_doubt, address = '', '', ''
  local held = redis.call('HGET', SENDING, chat) == token
  local settled = verdict == 'sent' or verdict == 'dead'
  local first, following = unpack(redis.call('LRANGE', lane, 0, 1))
  local is_first = first == element
  -- The usual case: the sender continues with a reply that needs no closer look.
  local continues = settled and is_first and held and following and not is_notice(following) and not is_paused()
  -- Even if another process settled the reply: this message is ours, too.
  if verdict == 'sent' and message_id ~= '' then
    redis.call('SET', SENT_IDS .. message_id, chat, 'PX', sent_ids_ttl)
    undo_takeover(chat, message_id)
  end
  if verdict == 'sent' then count_notice(element) end
  if settled and is_first then
    -- Even if another process holds the lane now: what WAHA took is not sent again. If the reply is no longer the first,
    -- this verdict was written before, and its answer was lost.
    local echo = message_id == '' and string.match(redis.call('HGET', ATTEMPT, chat) or '', '^%d+ %S+ (%S+)')
    redis.call('LPOP', lane)
    if not continues then redis.call('HDEL', ATTEMPT, chat) end
    if message_id == '' and (not echo or echo == '-') then
      expect_echo(chat, element)
    end
    record_under(chat, id, 'reply', 'conversation', conversation, 'state', verdict == 'sent' and 'sent' or 'failed', 'reason', reason,
      'data', data)
    counts[verdict] = (counts[verdict] or 0) + 1
    -- Silence counts from when the last reply was delivered. A reply of an earlier conversation does not matter.
    if conversation ~= '' and redis.call('HGET', CHAT .. chat, 'id') == conversation then
      local result = verdict == 'dead' and 'given_up' or 'delivered'
      redis.call('HSET', CHAT .. chat, 'delivery', string.format('%s %.0f', result, NOW))
    end
    -- Not notices, nor what an agent says or the owner is told.
    if verdict == 'sent' and conversation ~= '' and string.sub(element, 1, 1) == 'r' then note_sent(chat) end
    if verdict == 'dead' then
      redis.call('XADD', DEAD, 'MAXLEN', '~', dead_max, '*', 'chat', chat, 'reason', reason, 'reply', element)
    end
  end
  if held then
    local tries_again = not settled and is_first
    local who = tries_again and (redis.call('ZSCORE', TAKEOVER_UNTIL, chat) and OWNER_ANSWERS
      or redis.call('HEXISTS', HELD, chat) == 1 and AGENT_ANSWERS)
    if who and not is_agents(element) then
      -- A person answers this chat: no second try.
      redis.call('LPOP', lane)
      redis.call('HDEL', ATTEMPT, chat)
      if doubt == '1' then expect_echo(chat, element) end
      record_unsent(chat, element, doubt == '1', who)
      settled = true
    elseif tries_again and doubt == '1' and verdict == 'retry' then
      -- It may be sent again, and then both messages have an echo.
      expect_echo(chat, element)
    end
    if not is_first and verdict ~= 'release' then
      -- Another process settled it: the noted attempt is not about the reply that is first now.
      redis.call('HDEL', ATTEMPT, chat)
    end
    if settled then
      due = NOW
    elseif is_first then
      if doubt ~= '1' then
        redis.call('HDEL', ATTEMPT, chat)
      elseif message_id ~= '' then
        note_id(chat, message_id)
      end
      if verdict == 'retry' then
        redis.call('LSET', lane, 0, again)
        counts.retried = (counts.retried or 0) + 1
      end
    end
    local is_empty = settled and is_first and not following
    if settled and not is_empty and not is_paused() then
      if continues then
        next_reply, next_doubt, address = offer(chat, following)
      else
        next_reply, next_doubt, address = first_reply(chat)
      end
      -- The sender may still use the other id of this person for the lane.
      if address == '' and chat ~= id then address = chat end
    end
    if next_reply == '' then
      redis.call('HDEL', SENDING, chat)
      if not is_empty and redis.call('EXISTS', lane) == 1 then
        redis.call('ZADD', LANES, due, chat)
        ring_due()
      end
    end
  end
  answer[#answer + 1] = next_reply
  answer[#answer + 1] = next_doubt
  answer[#answer + 1] = address
end
for result, count in pairs(counts) do redis.call('HINCRBY', COUNTERS, 'replies:' .. result, count) end
return answer
