-- Control messages of the last moments.
--
-- ARGV[4]   so many ms
-- Returns   the server's time in ms, then per message, oldest first: when it was sent, message
#include base

local present = math.floor(micros / 1000)
local answers = { format('%.0f', present) }
for _, entry in ipairs(call('XRANGE', P .. 'control', format('%.0f', present - ARGV[4]), '+')) do
  answers[#answers + 1] = match(entry[1], '^%d+')
  answers[#answers + 1] = entry[2][2]
end
return answers
