-- Who is alive, and who lapsed within the last hour, as they registered.
--
-- ARGV[4]   those behind this number
-- ARGV[5]   how many; '' all
-- Returns   per worker: id, number|lease until|since|seen|{info}, jobs held
#include base

local ids, found = call('ZRANGEBYSCORE', P .. 'leases', now - 3600000, '+inf'), {}
for from = 1, #ids, PART do
  local to = math.min(from + PART - 1, #ids)
  for k, text in ipairs(call('HMGET', P .. 'workers', unpack(ids, from, to))) do
    local no = tonumber(match(text, '^%d+'))
    if no > tonumber(ARGV[4]) then found[#found + 1] = { no, ids[from + k - 1], text } end
  end
end
table.sort(found, function(a, b) return a[1] < b[1] end)
local answers = {}
for k = 1, math.min(#found, tonumber(ARGV[5]) or #found) do
  local no, id, text = unpack(found[k])
  answers[k] = { id, text, call('HGET', P .. 'held', no) or '0' }
end
return answers
