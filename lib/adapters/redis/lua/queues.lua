-- What the queues hold.
--
-- ARGV[4..] queues; none: all
-- Returns   per queue: name, 1 if paused, how many ready jobs are due later, and its counters as pairs
#include base

local names = #ARGV > 3 and { unpack(ARGV, 4) } or call('HKEYS', P .. 'q')
local answers = {}
for k, queue in ipairs(names) do
  local known = call('HGET', P .. 'q', queue) or ''
  local later = 0
  for level in string.gmatch(known, '%d') do later = later + call('ZCOUNT', P .. 'z:' .. level .. ':' .. queue, '(' .. now, '+inf') end
  answers[k] = { queue, find(known, 'p', 1, true) and 1 or 0, later, call('HGETALL', P .. 'n:' .. queue) }
end
return answers
