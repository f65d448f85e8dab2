-- What is known of jobs.
--
-- ARGV[4..] ids
-- Returns   bodies, loans, ends, facts, per id the worker that holds it or '', and the time
#include base

local ids = { unpack(ARGV, 4) }
local keys = {}
for k, id in ipairs(ids) do keys[k] = P .. 'j:' .. id end
local loans, workers, names = call('HMGET', P .. 'active', unpack(ids)), {}, {}
for k = 1, #ids do
  local no = loans[k] and match(loans[k], '^%d+|%d+|%d+|(%d+)|')
  if no and not names[no] then names[no] = call('HGET', P .. 'wno', no) or '' end
  workers[k] = no and names[no] or ''
end
return { call('MGET', unpack(keys)), loans, call('HMGET', P .. 'ended', unpack(ids)), call('HMGET', P .. 'facts', unpack(ids)), workers, tostring(now) }
