-- Ends unfinished jobs at once, whatever they are doing, and with them whoever waits for them.
--
-- ARGV[4]   the failure to leave, as JSON
-- ARGV[5..] ids
-- Returns   per id what it was: a state, 'ended:' and a state, or 'unknown'; mail
#include base parts jobs failures links events cancel

local answers = {}
local ids = { unpack(ARGV, 5) }
load(ids)
for k, id in ipairs(ids) do answers[k] = cancel_one(id, ARGV[4]) end
spread(to_spread)
write()
finish()
return { answers, posted }
