-- Shards that hold copies of leases. Runs in the home shard.
--
-- ARGV[4]   a worker id; '' for the workers whose lease has run out (and from then on those copies are
--           forgotten here)
-- ARGV[5]   1 to forget them
-- Returns   shards
#include base

if ARGV[4] ~= '' then
  local shards = call('SMEMBERS', P .. 'copies:' .. ARGV[4])
  if ARGV[5] == '1' then call('DEL', P .. 'copies:' .. ARGV[4]) end
  return shards
end
local answers = {}
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'leases', now - 3600000, now)) do
  for _, shard in ipairs(call('SMEMBERS', P .. 'copies:' .. id)) do answers[#answers + 1] = shard end
end
return answers
