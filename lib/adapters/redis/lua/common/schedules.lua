-- Stores a schedule, and where it is dynamic its place among those that every beat asks for.
local function save(id, s)
  call('HSET', P .. 'sc', id, cjson.encode(s))
  if s.dynamic and s.nextAt and not s.paused then
    call('ZADD', P .. 'sd', s.nextAt, id)
  else
    call('ZREM', P .. 'sd', id)
  end
end
