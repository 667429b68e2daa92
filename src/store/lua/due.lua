-- Looks when something is due next in a session, for the process that looks after it.
-- KEYS: namespace
-- ARGV: thorough ('1' = also rings again for what waits, because its bell may have been lost; else '')
-- Returns: '1' if the session is paused, else ''; when (ms; '' = never) its next lane, its next customer in line, its next end of a
--       takeover or of a wait for a person, and its next hidden id are due; since when (ms; '' = none) the customer waits who has waited
--       longest for an agent's answer; and '1' if there are such things, else '': agents who hold, customers that a worker has or may
--       take, customers that the owner must be notified of, chats left alone that the owner must be notified of
local thorough = next_text() == '1'

local function first(times)
  return redis.call('ZRANGE', times, 0, 0, 'WITHSCORES')[2] or ''
end

local function any(...)
  return redis.call('EXISTS', ...) > 0 and '1' or ''
end

local paused, lane, notice, ends, lid, unanswered, held, unnotified, left_alone = '', first(LANES), first(LOOK_AT), '', '', '', '', '', ''
-- Most sessions have none of these: one question instead of nine.
if any(PAUSED, TAKEOVER_UNTIL, HANDOFF_DUE, LIDS_TO_ASK, HELD, HANDOFF_UNNOTIFIED, LEFT_ALONE_UNNOTIFIED) == '1' then
  local takeover, handoff = first(TAKEOVER_UNTIL), first(HANDOFF_DUE)
  ends = takeover
  if handoff ~= '' and (takeover == '' or tonumber(handoff) < tonumber(takeover)) then ends = handoff end
  paused, lid, unanswered, held = any(PAUSED), first(LIDS_TO_ASK), first(HELD_SINCE), any(HELD)
  unnotified, left_alone = any(HANDOFF_UNNOTIFIED), any(LEFT_ALONE_UNNOTIFIED)
end

-- A bell that was lost: a process with an idle worker may have missed a customer, the worker who has a customer may have missed what they
-- wrote, and the process that looks after the session may be one that WAHA lets send nothing.
local LANE_LATE_AFTER, RING_MAX = 2000, 100
if thorough and any(QUEUE, UNREAD, LANES) == '1' then
  if any(QUEUE) == '1' and redis.call('HEXISTS', LINE_PAUSED, '') == 0 then ring('queue') end
  for _, chat in ipairs(redis.call('SRANDMEMBER', UNREAD, RING_MAX)) do
    ring_process(redis.call('HGET', ACTIVE, chat), chat)
  end
  if paused == '' and lane ~= '' and tonumber(lane) + LANE_LATE_AFTER < NOW then ring('lanes') end
end
return {paused, lane, notice, ends, lid, unanswered, held, any(ACTIVE, QUEUE), unnotified, left_alone}
