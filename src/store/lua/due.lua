-- Looks when something is due next in a session, for the process that looks after it.
-- KEYS: namespace
-- ARGV: thorough ('1' = also rings again for what waits, because its bell may have been lost; else '')
-- Returns: '1' if the session is paused, else ''; when (ms; '' = never) its next lane, its next customer in line, its next end of a
--       takeover or of a wait for a person, and its next hidden id are due; since when (ms; '' = none) the customer waits who has waited
--       longest for an agent's answer; and '1' if there are such things, else '': agents who hold, customers that a worker has or may
--       take, customers that the owner must be notified of, chats left alone that the owner must be notified of
local thorough = next_text() == '1'
-- A lane is late after this time (ms). At most so many workers are rung for their messages.
local LANE_LATE_AFTER, RING_MAX = 2000, 100

local function first(times)
  return redis.call('ZRANGE', times, 0, 0, 'WITHSCORES')[2] or ''
end

local function any(...)
  return redis.call('EXISTS', ...) > 0 and '1' or ''
end

local paused, lane, notice, ends, lid, unanswered, held, unnotified, left_alone = '', first(LANES), first(LOOK_AT), '', '', '', '', '', ''
local waits = ''
-- Most sessions have none of these: one question instead of many.
if any(PAUSED, QUEUE, UNREAD, TAKEOVER_UNTIL, HANDOFF_DUE, LIDS_TO_ASK, HELD, HANDOFF_UNNOTIFIED, LEFT_ALONE_UNNOTIFIED) == '1' then
  local takeover, handoff = first(TAKEOVER_UNTIL), first(HANDOFF_DUE)
  ends = takeover
  if handoff ~= '' and (takeover == '' or tonumber(handoff) < tonumber(takeover)) then ends = handoff end
  paused, lid, unanswered, held = any(PAUSED), first(LIDS_TO_ASK), first(HELD_SINCE), any(HELD)
  unnotified, left_alone, waits = any(HANDOFF_UNNOTIFIED), any(LEFT_ALONE_UNNOTIFIED), any(QUEUE)
  -- A bell that was lost: a process with an idle worker may have missed a customer, and the worker who has a customer may have missed
  -- what they wrote.
  if thorough and waits == '1' and redis.call('HEXISTS', LINE_PAUSED, '') == 0 then ring('queue') end
  if thorough then
    for _, chat in ipairs(redis.call('SRANDMEMBER', UNREAD, RING_MAX)) do
      ring_process(redis.call('HGET', ACTIVE, chat), chat)
    end
  end
end
-- The process that looks after the session may be one that WAHA lets send nothing.
if thorough and paused == '' and lane ~= '' and tonumber(lane) + LANE_LATE_AFTER < NOW then ring('lanes') end
local attended = waits == '1' and waits or any(ACTIVE)
return {paused, lane, notice, ends, lid, unanswered, held, attended, unnotified, left_alone}
