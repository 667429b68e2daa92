-- The line as a person sees it: who waits for a person, who waits for the bot, and who is attended. It only reads.
-- KEYS: namespace
-- ARGV: count (how many rows of each section), team ('*' = everything, '' = the line without a team; of one team: who waits
--       for its people, and whom they attend)
-- Returns the pause of the whole session (JSON or ''), then per section: {what ('person', 'bot', 'agent', 'phone' or 'worker'),
--         team or '', how many in all, pause (JSON or ''), then per row {chat, id, name, ticket, place in line (0 = in none), since
--         (ms), '1' if urgent, holder (agent or process) or '', since when (ms) the customer waits for an answer of the agent,
--         or until when the owner's phone has the chat, or '', team or '', state or '', the place that the customer was last told or '', the last message of the inbox or ''}}
local count, only = next_number(), next_text()
local answer = {redis.call('HGET', LINE_PAUSED, '') or ''}

local function row(chat, place, holder, since, unanswered)
  local id, name, ticket, opened, waiting_since, priority, team, state, told, claimed, taken =
    unpack(redis.call('HMGET', CHAT .. chat, 'id', 'name', 'ticket', 'opened', 'waiting_since', 'priority', 'team', 'state', 'told', 'claimed', 'taken'))
  if not since then
    if place > 0 then
      since = waiting_since or opened
    else
      since = taken or claimed or opened
    end
  end
  return {chat, id or '', name or '', ticket or '0', tostring(place), since or '0', priority == 'urgent' and '1' or '', holder or '',
    unanswered or '', team or '', state or '', told or '', redis.call('LINDEX', INBOX .. chat, -1) or ''}
end

local function add_section(what, team, total, pause, rows)
  if total > 0 or pause ~= '' then
    local section = {what, team, tostring(total), pause}
    for _, one in ipairs(rows) do section[#section + 1] = one end
    answer[#answer + 1] = section
  end
end

local function add_line(what, team, line, pause)
  local rows = {}
  for i, chat in ipairs(redis.call('ZRANGE', line, 0, count - 1)) do
    rows[i] = row(chat, i)
  end
  add_section(what, team, redis.call('ZCARD', line), pause, rows)
end

-- Up to `count` fields of a hash with their values. Which ones is up to Redis, but they are the same each time.
local function some_of(hash)
  local cursor, fields = '0', {}
  repeat
    local page = redis.call('HSCAN', hash, cursor, 'COUNT', count)
    cursor = page[1]
    for i = 1, #page[2], 2 do
      if #fields == count then return fields end
      fields[#fields + 1] = {page[2][i], page[2][i + 1]}
    end
  until cursor == '0'
  return fields
end

-- Those whom agents attend: first those who wait for an answer, who waits longest at the head. Agents hold few.
local function add_held()
  local held, order, listed = {}, {}, {}
  local all = redis.call('HGETALL', HELD)
  for i = 1, #all, 2 do
    local agent, team = string.match(all[i + 1], '^(%S*) ?(.*)$')
    if only == '*' or only == team then held[all[i]] = agent end
  end
  local unanswered = redis.call('ZRANGE', HELD_SINCE, 0, -1, 'WITHSCORES')
  for i = 1, #unanswered, 2 do
    if held[unanswered[i]] then
      listed[unanswered[i]] = true
      order[#order + 1] = {unanswered[i], string.format('%.0f', unanswered[i + 1])}
    end
  end
  for i = 1, #all, 2 do
    if held[all[i]] and not listed[all[i]] then order[#order + 1] = {all[i]} end
  end
  local rows = {}
  for i = 1, math.min(count, #order) do
    local chat, since = unpack(order[i])
    rows[i] = row(chat, 0, held[chat], nil, since)
  end
  add_section('agent', '', #order, '', rows)
end

local function pause_of(team)
  return redis.call('HGET', LINE_PAUSED, team) or ''
end

if only == '*' or only == '' then
  add_line('person', '', HANDOFF, '')
end
local teams = only == '*' and redis.call('SMEMBERS', TEAMS) or {only}
table.sort(teams)
for _, team in ipairs(teams) do
  if team ~= '' then add_line('person', team, HANDOFF_TO .. team, pause_of(team)) end
end
if only == '*' then add_line('bot', '', QUEUE, '') end
add_held()
if only == '*' then
  local rows = {}
  local phone = redis.call('ZREVRANGE', TAKEOVER_UNTIL, 0, count - 1, 'WITHSCORES')
  for i = 1, #phone, 2 do
    rows[#rows + 1] = row(phone[i], 0, nil, redis.call('HGET', OWNER_WROTE_AT, phone[i]), string.format('%.0f', phone[i + 1]))
  end
  add_section('phone', '', redis.call('ZCARD', TAKEOVER_UNTIL), '', rows)
  rows = {}
  for i, one in ipairs(some_of(ACTIVE)) do
    rows[i] = row(one[1], 0, one[2])
  end
  add_section('worker', '', redis.call('HLEN', ACTIVE), '', rows)
end
return answer
