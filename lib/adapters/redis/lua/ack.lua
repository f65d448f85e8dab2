-- Strikes out mail that has been delivered.
--
-- ARGV[4..] numbers
#include base

return call('HDEL', P .. 'outbox', unpack(ARGV, 4))
