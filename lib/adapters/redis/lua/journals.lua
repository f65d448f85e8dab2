-- Reads journals.
--
-- ARGV[4..] run id, and the number that only entries above are wanted of, for each
-- Returns   per run its entries: time:entry as JSON
#include base

-- The numbers are few bytes each, and are looked at alone first.
local function entries_after(key, after)
  local numbers, entries = {}, {}
  for _, number in ipairs(call('HKEYS', key)) do
    if tonumber(number) > after then numbers[#numbers + 1] = number end
  end
  for from = 1, #numbers, PART do
    for _, entry in ipairs(call('HMGET', key, unpack(numbers, from, math.min(from + PART - 1, #numbers)))) do
      entries[#entries + 1] = entry
    end
  end
  return entries
end

local answers = {}
for k = 4, #ARGV, 2 do
  answers[#answers + 1] = entries_after(P .. 'jn:' .. ARGV[k], tonumber(ARGV[k + 1]))
end
return answers
