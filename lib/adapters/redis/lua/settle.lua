-- Writes how deliveries ended and, if asked, lends the next jobs.
--
-- ARGV[4]   number of plain groups; each: queue, ms to keep, segment (when kept 0 ms) or '', fence, 1 if results follow, how many; then ids, or ids and
--           results. Plain: succeeded, nobody waits for it, no journal in the settlement
-- then      number of other settlements; each: id, fence, JSON; where the JSON says "enqueue", jobs follow as in common/store.lua
-- then      what claim takes, or nothing
-- Returns   ids whose lease had gone, mail; and what claim returns in front, when it was asked
#include base jobs links store events journal lend settlements

local A, lost = ARGV, {}
local others = {}
local i = settle_plain(A, 4, lost, others)
i = settle_others(A, i, lost, others)
if i > #A then
  spread(to_spread)
  finish()
  return { lost, posted }
end
spread(to_spread)
-- Inputs that have ended make others ready, which may be lent at once.
write_facts()
dirty = {}
local lapsed, future = lend(A, i)
spread(to_spread)
finish()
return { tostring(now), lapsed, future and format('%.0f', future) or '', lent, bodies, extras, lost, posted }
