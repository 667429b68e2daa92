-- What every script has: the session, the time, its arguments, the history, the bells.
-- BELL, the prefix of the channels, and the names of the keys are set before this.

local SESSION, NOW = ARGV[1], tonumber(ARGV[2])
-- How long (ms) after its opening a conversation that still waits gets its first notice.
local FIRST_NOTICE_AFTER = tonumber(ARGV[3])
local arguments_read = 3

-- The script's own arguments, one after the other, in the order of its header.
local function text()
  arguments_read = arguments_read + 1
  return ARGV[arguments_read]
end

local function number()
  return tonumber(text())
end

local function more()
  return arguments_read < #ARGV
end

local function record(kind, ...)
  redis.call('XADD', HISTORY, '*', 'kind', kind, ...)
end

-- As `record`, for what came from, or goes to, an id that is not the one its chat is kept under.
local function record_under(chat, id, kind, ...)
  if chat == id then
    record(kind, ...)
  else
    record(kind, 'chat', chat, ...)
  end
end

-- The chat under which an id is kept.
local function chat_of(id)
  return redis.call('HGET', ALIAS, id) or id
end

-- The time (ms) by the clock of Redis: one clock for all processes.
local function redis_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- For how long (ms) nothing has come in, in a conversation whose last message came at `last_message_at` (see `redis_time`).
local function quiet_for(last_message_at)
  return last_message_at and string.format('%.0f', redis_time() - last_message_at) or ''
end

local function ring(bell, message)
  redis.call('PUBLISH', BELL .. bell, message or SESSION)
end

-- Tells the process that holds a conversation to look: a message came in, it changed, or another holds it now.
-- `why` is 'phone' where the owner took it over.
local function ring_process(process, chat, why)
  if process then
    ring('process:' .. process, table.concat({SESSION, chat, why}, ' '))
  end
end

-- What we wrote as JSON; empty if it can't be read.
local function decoded(json)
  local read, value = pcall(cjson.decode, json)
  return read and type(value) == 'table' and value or {}
end
