-- Strikes out mail that has been delivered.
--
-- ARGV[4..] numbers
#include base

local gone = call('HDEL', P .. 'outbox', unpack(ARGV, 4))
return gone == #ARGV - 3 and gone or gone + call('HDEL', P .. 'along', unpack(ARGV, 4))
