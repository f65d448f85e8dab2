-- The queues there are, for a cluster: each has a shard. Runs in the home shard.
--
-- ARGV[4..] queues there are from now on
-- Returns   all of them
#include base

for k = 4, #ARGV do call('SADD', P .. 'names', ARGV[k]) end
return call('SMEMBERS', P .. 'names')
