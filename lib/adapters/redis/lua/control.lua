-- Tells every process something. The last messages are kept in a stream for those whose connection is just
-- being made.
--
-- ARGV[4]   the message
#include base

call('XADD', P .. 'control', 'MAXLEN', '~', 100, '*', 'm', ARGV[2] .. ARGV[4])
publish('control', ARGV[4])
return 1
