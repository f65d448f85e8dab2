-- Control messages of the last moments.
--
-- ARGV[4]   so many ms
-- Returns   messages, oldest first
#include base

local answers = {}
local since = format('%.0f', math.floor(micros / 1000) - ARGV[4])
for k, entry in ipairs(call('XRANGE', P .. 'control', since, '+')) do answers[k] = entry[2][2] end
return answers
