-- Reads journals.
--
-- ARGV[4..] run ids
-- Returns   per run its entries as pairs: number, time:entry as JSON
#include base

local answers = {}
for k = 4, #ARGV do answers[k - 3] = call('HGETALL', P .. 'jn:' .. ARGV[k]) end
return answers
