-- Mail that whoever posted it has not delivered: it must have died in between.
--
-- ARGV[4]   older than so many ms
-- Returns   pieces
#include base

local answers = {}
if call('EXISTS', P .. 'outbox') == 0 then return answers end
for _, text in ipairs(call('HSCAN', P .. 'outbox', 0, 'COUNT', 100)[2]) do
  if sub(text, 1, 1) == '[' and cjson.decode(text)[5] < micros / 1000 - ARGV[4] then answers[#answers + 1] = text end
end
return answers
