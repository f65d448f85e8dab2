-- Orders workers to do something. Runs in the home shard.
--
-- ARGV[4]   what
-- ARGV[5]   'all', or ''
-- ARGV[6..] ids of workers
-- Returns   how many of them are live, and so ordered
#include base

local ids = ARGV[5] == 'all' and call('ZRANGEBYSCORE', P .. 'leases', '(' .. now, '+inf') or { unpack(ARGV, 6) }
local no, count, met = nil, 0, {}
for _, id in ipairs(ids) do
  local till = not met[id] and match(call('HGET', P .. 'workers', id) or '', '^%d+|(%d+)|')
  met[id] = true
  if till and tonumber(till) > now then
    no = no or call('INCR', P .. 'olast')
    call('RPUSH', P .. 'or:' .. id, no .. '|' .. ARGV[4])
    call('SADD', P .. 'os', id)
    count = count + 1
  end
end
return count
