-- Notices to the owner, which name customers.

-- Whether a text names this number or id. Another number may begin or end with it.
local function names(text, name)
  local from = 1
  while true do
    local first, last = string.find(text, name, from, true)
    if not first then return false end
    local before, after = string.sub(text, first - 1, first - 1), string.sub(text, last + 1, last + 1)
    if (first == 1 or not string.find(before, '%d')) and not string.find(after, '^%d') then return true end
    from = first + 1
  end
end

-- Whether an element of a lane is a notice about one of these persons: it belongs to no conversation, and names the number.
local function is_notice_about(element, ids)
  local reply = decode(string.sub(element, 2))
  if reply.conversation ~= '' or type(reply.text) ~= 'string' then return false end
  for _, id in ipairs(ids) do
    local number = string.match(id, '^(%d+)@c%.us$')
    if names(reply.text, number and '+' .. number or id) then return true end
  end
  return false
end
