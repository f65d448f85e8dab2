-- Dead letters, latest death first: one page.
--
-- ARGV[4]   how many at most
-- ARGV[5]   '' or died before this time
-- ARGV[6]   '' or an id: also of that time, behind this one, whether it is there still or not
-- Returns   ids and times, in turns
#include base

local key, from = P .. 'dead', 0

-- As sorted sets compare members.
local function is_below(a, b)
  for k = 1, math.min(#a, #b) do
    local x, y = a:byte(k), b:byte(k)
    if x ~= y then return x < y end
  end
  return #a < #b
end

if ARGV[5] ~= '' then
  from = call('ZCOUNT', key, ARGV[5], '+inf')
  if ARGV[6] ~= '' then
    local low, high = call('ZCOUNT', key, '(' .. ARGV[5], '+inf'), from
    while low < high do
      local mid = math.floor((low + high) / 2)
      if is_below(call('ZREVRANGE', key, mid, mid)[1], ARGV[6]) then high = mid else low = mid + 1 end
    end
    from = low
  end
end
return call('ZREVRANGE', key, from, from + ARGV[4] - 1, 'WITHSCORES')
