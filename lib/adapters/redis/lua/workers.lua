-- Who is alive, and who lapsed within the last hour.
--
-- Returns   per worker: id, number|lease until|since|seen|{info}, jobs held
#include base

local ids = call('ZRANGEBYSCORE', P .. 'leases', now - 3600000, '+inf')
local answers = {}
for k, id in ipairs(ids) do
  local text = call('HGET', P .. 'workers', id)
  answers[k] = { id, text, call('HGET', P .. 'held', match(text, '^%d+')) or '0' }
end
return answers
