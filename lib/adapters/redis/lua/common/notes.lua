-- What a job notes of itself. That it has any is among its facts (t).
--
-- nt:<id>  a when it noted last, s its state      lg:<id>  its log, a list of time:line
local LOG_LINES = 200

local function take_note(id, f, note)
  local about, log = P .. 'nt:' .. id, P .. 'lg:' .. id
  if not f.t then
    -- A process of before 0.2 forgets a job without these.
    call('DEL', about, log)
    f.t = 1
    change(id)
  end
  call('HSET', about, 'a', now)
  if note.state then call('HSET', about, 's', note.state) end
  if not note.log then return end
  for k, line in ipairs(note.log) do note.log[k] = now .. ':' .. line end
  local length = call('RPUSH', log, unpack(note.log))
  if length > LOG_LINES then call('LPOP', log, length - LOG_LINES) end
end
