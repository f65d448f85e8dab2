-- Stores events and makes the jobs that wait for them ready. Runs in the home shard.
--
-- ARGV[4..] events, as common/events.lua says
-- Returns   ids that were stored already, ids of the jobs made ready, mail
#include base parts jobs failures links park events

local duplicates, woken = {}, {}
emit(ARGV, 4, (#ARGV - 3) / 5, duplicates, woken)
write()
finish()
return { duplicates, woken, posted }
