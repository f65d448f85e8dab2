-- What a job is, without its payload, which may be large: the body up to the end of its first line. False if
-- it is not stored.
local function head_of(id)
  local key = P .. 'j:' .. id
  local head = call('GETRANGE', key, 0, 1023)
  local to = find(head, '\n', 1, true)
  -- Headers may be longer than that.
  if not to and #head == 1024 then
    head = call('GET', key)
    to = find(head, '\n', 1, true)
  end
  return to and sub(head, 1, to) or false
end
