-- A page of the index, newest first: a whole segment, or a part of a group. What cannot fit a filter is left
-- out here, so that looking for a few among many does not carry all of them to whoever asks; who asks looks
-- at the rest.
--
-- ARGV[4]   '' or a number: only jobs stored before the one that has it (and perhaps some others)
-- ARGV[5]   '' or a group
-- ARGV[6]   '' or where the last page ended
-- ARGV[7]   '' or a letter: jobs that ended so alone; '-': those that have not ended
-- ARGV[8]   '' or how the meta of wanted jobs begins
-- Returns   ids (of jobs that may have been forgotten), where this page ended or '', how many were looked at,
--           and the lowest number of them or ''
#include base heads

local function fitting(ids)
  if ARGV[7] ~= '' then
    local left = {}
    for from = 1, #ids, PART do
      local to = math.min(from + PART - 1, #ids)
      local ends = call('HMGET', P .. 'ended', unpack(ids, from, to))
      for k = from, to do
        local code = ends[k - from + 1]
        code = code and sub(code, 1, 1) or '-'
        if code == ARGV[7] then left[#left + 1] = ids[k] end
      end
    end
    ids = left
  end
  if ARGV[8] ~= '' then
    local left = {}
    for _, id in ipairs(ids) do
      local head = head_of(id)
      if head and find(head, ARGV[8], 1, true) then left[#left + 1] = id end
    end
    ids = left
  end
  return ids
end

-- The lowest number in a segment, of jobs that are where they were stored; nil: there are none.
local function lowest_of(segment)
  for from = 0, 999, 50 do
    local ids = call('LRANGE', P .. 'sg:' .. segment, from, from + 49)
    for _, id in ipairs(ids) do
      local base, place, index = match(call('GETRANGE', P .. 'j:' .. id, 0, 63), '^%d+:(%d+):(%d+):(%d+):')
      if place == segment then return base + index end
    end
    if #ids < 50 then return nil end
  end
end

-- The newest segment that has numbers below one, or one of those above it.
local function segment_below(number)
  local low, high = 0, call('ZCARD', P .. 'segments') - 1
  while low < high do
    local mid = math.ceil((low + high) / 2)
    local lowest = lowest_of(call('ZRANGE', P .. 'segments', mid, mid)[1])
    if lowest and lowest >= number then high = mid - 1 else low = mid end
  end
  return call('ZRANGE', P .. 'segments', low, low)[1]
end

if ARGV[5] ~= '' then
  local before = ARGV[6] ~= '' and '(' .. ARGV[6] or ARGV[4] ~= '' and '(' .. ARGV[4] or '+inf'
  local found = call('ZREVRANGEBYSCORE', P .. 'g:' .. ARGV[5], before, '-inf', 'WITHSCORES', 'LIMIT', 0, 500)
  local ids = {}
  for k = 1, #found, 2 do ids[#ids + 1] = found[k] end
  local last = #ids == 500 and found[#found] or ''
  return { fitting(ids), last, #ids, last }
end
local found
if ARGV[6] == '' and ARGV[4] ~= '' then
  found = segment_below(tonumber(ARGV[4]))
else
  local below = ARGV[6] == '' and '+inf' or '(' .. ARGV[6]
  found = call('ZREVRANGEBYSCORE', P .. 'segments', below, '-inf', 'LIMIT', 0, 1)[1]
end
if not found then return { {}, '', 0, '' } end
local ids, newest = call('LRANGE', P .. 'sg:' .. found, 0, -1), {}
for k = #ids, 1, -1 do newest[#newest + 1] = ids[k] end
local lowest = lowest_of(found)
return { fitting(newest), found, #ids, lowest and format('%.0f', lowest) or '' }
