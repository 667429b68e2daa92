-- Notes which server has the session. If it is another one than before, it may have forgotten the last writes. Then each process
-- writes back the messages that it sent lately, so that nobody takes them for the owner's.
-- Uses: sent_by_us, owner_takeover, server
-- KEYS: namespace
-- ARGV: sent_ids_ttl (ms), process ('' = it sends nothing), lost_at (ms: when it last lost a connection; 0 = never), connected_at (ms: when it last
--       connected), is_last ('1' = with these messages it has written back all), is_told ('1' = all processes know the other
--       server), then per message: message id, chat
-- Returns: 1 if the server is another one and the processes must be told, 1 if this process has written back all before, when (ms) the
--       server became another one (0 = not known), then each process that has written back all
local sent_ids_ttl, process, lost_at, connected_at = next_number(), next_text(), next_number(), next_number()
local is_last, is_told = next_text() == '1', next_text() == '1'
even_if_full()
local id = server_id()
local known_id, changed_at, doubt_until = unpack(redis.call('HMGET', SERVER, 'id', 'changed_at', 'doubt_until'))
changed_at, doubt_until = tonumber(changed_at or 0), tonumber(doubt_until or 0)

-- When (ms) this session last changed, as far as this server knows.
local function last_change()
  local found, info = pcall(redis.call, 'XINFO', 'STREAM', HISTORY)
  for i = 1, found and #info or 0 do
    if info[i] == 'last-generated-id' then return tonumber(string.match(info[i + 1], '^%d+')) end
  end
  return 0
end

local is_other = known_id ~= id
local doubt = 0
if is_other then
  -- The marks of the processes that have written back were for the server before.
  redis.call('DEL', SERVER)
  changed_at = known_id and NOW or 0
  redis.call('HSET', SERVER, 'id', id, 'changed_at', string.format('%.0f', changed_at))
  -- The answer to this call may get lost, so it is true until somebody has told them.
  if known_id then redis.call('HSET', SERVER, 'untold', 1) end
  if known_id and lost_at == 0 then
    -- This process has just started, and nobody knows when the server before was lost.
    doubt = math.min(connected_at, last_change() + CLOCKS_APART_MAX)
  end
end
if lost_at > 0 then
  -- A connection that breaks while the server stays the same means nothing.
  doubt = (known_id and math.min(lost_at, changed_at) or lost_at) + CLOCKS_APART_MAX
end
redis.call('HSET', SERVER, 'doubt_until', string.format('%.0f', math.max(doubt_until, doubt)))
while has_more() do
  local message_id, chat = next_text(), chat_of(next_text())
  redis.call('SET', SENT_IDS .. message_id, chat, 'PX', sent_ids_ttl)
  undo_takeover(chat, message_id)
end
local mark = 'back:' .. process
local was_back = redis.call('HEXISTS', SERVER, mark)
-- If the server changed meanwhile, they know only the one before.
if is_told and not is_other then redis.call('HDEL', SERVER, 'untold') end
if is_last and process ~= '' then redis.call('HSET', SERVER, mark, 1) end
local answer = {redis.call('HEXISTS', SERVER, 'untold'), was_back, string.format('%.0f', changed_at)}
for _, field in ipairs(redis.call('HKEYS', SERVER)) do
  answer[#answer + 1] = string.match(field, '^back:(.+)$')
end
return answer
