-- What is known of jobs.
--
-- ARGV[4]   1 to leave out the payloads
-- ARGV[5..] ids
-- Returns   bodies, loans, ends, facts, per id the worker that holds it or '', and the time
#include base heads

local ids = { unpack(ARGV, 5) }
local bodies = {}
if ARGV[4] == '1' then
  for k, id in ipairs(ids) do bodies[k] = head_of(id) end
else
  for k, id in ipairs(ids) do bodies[k] = P .. 'j:' .. id end
  bodies = call('MGET', unpack(bodies))
end
local loans, workers, names = call('HMGET', P .. 'active', unpack(ids)), {}, {}
for k = 1, #ids do
  local no = loans[k] and match(loans[k], '^%d+|%d+|%d+|(%d+)|')
  if no and not names[no] then names[no] = call('HGET', P .. 'wno', no) or '' end
  workers[k] = no and names[no] or ''
end
return { bodies, loans, call('HMGET', P .. 'ended', unpack(ids)), call('HMGET', P .. 'facts', unpack(ids)), workers, tostring(now) }
