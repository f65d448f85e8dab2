-- Writes the body of a job anew, under its number: another payload, or another meta.
local function write_body(id, make)
  local text = call('GET', P .. 'j:' .. id)
  local head, length, from = match(text, '^(%d+:%d+:%d+:%d+:%a*:)(%d+):()')
  local till = find(text, '\n', from, true)
  local meta, payload
  length, meta, payload = make(length, sub(text, from, till - 1), sub(text, till + 1))
  text = head .. length .. ':' .. meta .. '\n' .. payload
  call('SET', P .. 'j:' .. id, text)
  jobs[id] = parse(text)
  return jobs[id]
end
