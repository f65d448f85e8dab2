-- Stores jobs, all of them in this one step; ids that are stored already are passed over.
--
-- ARGV[4..] as common/store.lua says
-- Returns   ids that were stored already, mail
#include base jobs links store

local duplicates = store(ARGV, 4)
spread(to_spread)
finish()
return { duplicates, posted }
