-- Signs a worker off: what it still holds is ready at once.
--
-- ARGV[4]   worker id
-- Returns   how many jobs it still holds: call again
#include base parts jobs failures links park lapse

local no = match(call('HGET', P .. 'workers', ARGV[4]) or '', '^(%d+)|')
if not no then return 0 end
-- It is lent nothing from now on.
local text = string.gsub(call('HGET', P .. 'workers', ARGV[4]), '^(%d+)|%d+|', '%1|0|')
call('HSET', P .. 'workers', ARGV[4], text)
local left = take_back(no, false)
if left <= 0 then
  call('HDEL', P .. 'workers', ARGV[4])
  call('HDEL', P .. 'wno', no)
  call('ZREM', P .. 'leases', ARGV[4])
  call('DEL', P .. 'or:' .. ARGV[4])
  call('SREM', P .. 'os', ARGV[4])
end
write()
finish()
return left
