-- Every script begins with this: the session, the time, its arguments, and functions for the history and the bells.
-- BELL (the prefix of the channels) and the names of the keys are defined before it.

local SESSION, NOW = ARGV[1], tonumber(ARGV[2])
-- How long (ms) a conversation waits in line before its first notice.
local FIRST_NOTICE_AFTER = tonumber(ARGV[3])
local arguments_read = 3

-- The next argument of the script itself, in the order of its header.
local function next_text()
  arguments_read = arguments_read + 1
  return ARGV[arguments_read]
end

local function next_number()
  return tonumber(next_text())
end

local function has_more()
  return arguments_read < #ARGV
end

-- Lets the script run even if Redis is full, if it is the first thing that the script does. A full Redis can refuse only the
-- first write of a script, and not one that needs no memory; this one changes nothing. It is for scripts that carry on what was
-- accepted, which makes space in the end.
local function even_if_full()
  redis.call('HDEL', SENDING, '')
end

-- The opposite, for a script that takes in what WAHA can send again: a full Redis refuses this write, which changes nothing, and
-- so the whole script. Without it, a script whose first write needs no memory would store any amount.
local function only_with_space()
  redis.call('ZADD', LOOK_AT, 'XX', 0, '')
end

local function record(kind, ...)
  redis.call('XADD', HISTORY, '*', 'kind', kind, ...)
end

-- Like `record`, for a message from or to `id`. If the chat has another id, the entry names the chat, too.
local function record_under(chat, id, kind, ...)
  if chat == id then
    record(kind, ...)
  else
    record(kind, 'chat', chat, ...)
  end
end

local function is_lid(id)
  return string.sub(id, -4) == '@lid'
end

-- The chat of a person's id: for an `@lid`, the `@c.us` of the same person if we know it.
local function chat_of(id)
  return is_lid(id) and redis.call('HGET', PHONE_ID_OF, id) or id
end

-- Two chats become one: of two times that expire (STRING), one under each id, the later stays, under `chat`.
local function keep_later(prefix, lid, chat)
  local time, kept_for = redis.call('GET', prefix .. lid), redis.call('PTTL', prefix .. lid)
  if time then
    if tonumber(time) > tonumber(redis.call('GET', prefix .. chat) or 0) then
      redis.call('SET', prefix .. chat, time, 'PX', math.max(kept_for, 1))
    end
    redis.call('DEL', prefix .. lid)
  end
end

-- A script that returns inboxes of several chats stops after this many bytes, so that it doesn't block Redis.
local ANSWER_BYTES_MAX = 1048576

-- How far (ms) another clock may be ahead of ours.
local AHEAD_MAX = 10000

-- A time from outside, as it is stored; 0 if it is not known. Older versions stored any time. One in the future counts as not
-- known: otherwise it would count as the latest until then.
local function known_time(time)
  time = tonumber(time or 0) or 0
  return time <= NOW + AHEAD_MAX and time or 0
end

-- What TIME says, once in a script.
local time_said = nil
local function time()
  time_said = time_said or redis.call('TIME')
  return time_said[1], time_said[2]
end

-- The time (ms) by the clock of Redis, which is the same for all processes.
local function redis_time()
  local seconds, micros = time()
  return seconds * 1000 + math.floor(micros / 1000)
end

-- An epoch of a conversation, or the number of a lane's token: no two are the same. With the time, because after a failover Redis may
-- have lost its last writes, and then it counts some numbers a second time.
local function new_epoch()
  return string.format('%d.%s%06d', redis.call('INCR', EPOCH), time())
end

-- How long (ms) ago the last message of a conversation arrived (`last_message_at`, see `redis_time`); '' if not known.
local function silent_for(last_message_at)
  return last_message_at and string.format('%.0f', redis_time() - last_message_at) or ''
end

local function ring(bell, message)
  redis.call('PUBLISH', BELL .. bell, message or SESSION)
end

-- Something is due at a time that no other bell tells: the process that looks after the session looks again.
local function ring_due()
  ring('due')
end

-- Whether nothing is sent in the session now. No script that asks this changes it.
local pause_said = nil
local function is_paused()
  if pause_said == nil then pause_said = redis.call('EXISTS', PAUSED) == 1 end
  return pause_said
end

-- Tells the process that holds a conversation to look at it: a message arrived, it changed, or another holds it now.
-- `why` is 'phone' if the owner took it over, 'limit' if the chat is left alone, and 'message', with what `NewMessage` reads, for a new
-- message.
local function ring_process(process, chat, why)
  if process then
    ring('process:' .. process, table.concat({SESSION, chat, why}, ' '))
  end
end

-- Reads JSON that we wrote; an empty table if it can't be read.
local function decode(json)
  local read, value = pcall(cjson.decode, json)
  return read and type(value) == 'table' and value or {}
end
