-- Notices to the owner, which name customers.

-- Whether an element of a lane is a notice about one of these persons: it belongs to no conversation, and names the number.
local function is_notice_about(element, ids)
  local reply = decode(string.sub(element, 2))
  if reply.conversation ~= '' or type(reply.text) ~= 'string' then return false end
  for _, id in ipairs(ids) do
    local number = string.match(id, '^(%d+)@c%.us$')
    if string.find(reply.text, number and '+' .. number or id, 1, true) then return true end
  end
  return false
end
