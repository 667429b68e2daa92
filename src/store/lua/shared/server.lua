-- Which server has the session. After a failover or a restart it is another one, and may lack the last writes of the one before.

local function server_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
end

-- Whether `write_back` has seen this server.
local function is_known_server()
  return redis.call('HGET', SERVER, 'id') == server_id()
end

-- Whether a message that we don't know, sent by us at `sent_at`, may be a reply that Redis has forgotten: then it does not count as
-- the owner's.
local function may_be_forgotten(sent_at)
  return sent_at < tonumber(redis.call('HGET', SERVER, 'doubt_until') or 0)
end
