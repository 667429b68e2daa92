-- Writes the entries of the history's stream again, under their ids: Redis only marks an entry that was trimmed, and keeps its bytes as long as
-- an entry beside it lives.
-- KEYS: namespace
-- ARGV: entries_max (with more entries nothing is done)
-- Returns: 1, or 0 if it has more entries, or an erasure that the archiver has not read yet: ask again
local entries_max = next_number()
even_if_full()
if redis.call('XLEN', HISTORY) > entries_max then return 0 end

local entries = redis.call('XRANGE', HISTORY, '-', '+')
for _, entry in ipairs(entries) do
  if entry[2][1] == 'kind' and entry[2][2] == 'erase' then return 0 end
end
if #entries == 0 then return 1 end

local info, last = redis.call('XINFO', 'STREAM', HISTORY), nil
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
end
redis.call('DEL', HISTORY)
for _, entry in ipairs(entries) do
  redis.call('XADD', HISTORY, entry[1], unpack(entry[2]))
end
redis.call('XSETID', HISTORY, last)
return 1
