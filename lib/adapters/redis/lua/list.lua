-- A page of the index, newest first: a whole segment, or a part of a group. What cannot fit a filter is left
-- out here, so that looking for a few among many does not carry all of them to whoever asks; who asks looks
-- at the rest.
--
-- ARGV[4]   '' or an id: where to begin, if it is stored here
-- ARGV[5]   '' or a group
-- ARGV[6]   '' or where the last page ended
-- ARGV[7]   '' or a letter: jobs that ended so alone; '-': those that have not ended
-- ARGV[8]   '' or how the meta of wanted jobs begins
-- Returns   ids (of jobs that may have been forgotten), where this page ended or ''
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

local segment, before = '+inf', '+inf'
local body = ARGV[4] ~= '' and call('GET', P .. 'j:' .. ARGV[4])
if body then
  local base, index
  base, segment, index = match(body, '^%d+:(%d+):(%d+):(%d+):')
  before = format('%.0f', base + index)
end
if ARGV[5] ~= '' then
  if ARGV[6] ~= '' then before = '(' .. ARGV[6] end
  local found = call('ZREVRANGEBYSCORE', P .. 'g:' .. ARGV[5], before, '-inf', 'WITHSCORES', 'LIMIT', 0, 500)
  local ids = {}
  for k = 1, #found, 2 do ids[#ids + 1] = found[k] end
  return { fitting(ids), #ids == 500 and found[#found] or '' }
end
if ARGV[6] ~= '' then segment = '(' .. ARGV[6] end
local found = call('ZREVRANGEBYSCORE', P .. 'segments', segment, '-inf', 'LIMIT', 0, 1)[1]
if not found then return { {}, '' } end
local ids, newest = call('LRANGE', P .. 'sg:' .. found, 0, -1), {}
for k = #ids, 1, -1 do newest[#newest + 1] = ids[k] end
return { fitting(newest), found }
