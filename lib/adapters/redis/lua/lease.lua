-- A worker's lease as its home knows it, and that a copy of it goes to a shard. Runs in the home shard.
--
-- ARGV[4]   worker id
-- ARGV[5]   shard
-- Returns   ms until the lease runs out, 0 or less if it has
#include base

local till = match(call('HGET', P .. 'workers', ARGV[4]) or '', '^%d+|(%d+)|')
if not till or tonumber(till) <= now then return 0 end
call('SADD', P .. 'copies:' .. ARGV[4], ARGV[5])
return till - now
