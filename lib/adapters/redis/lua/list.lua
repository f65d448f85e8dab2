-- A page of the index, newest first: a whole segment, or a part of a group.
--
-- ARGV[4]   '' or an id: where to begin, if it is stored here
-- ARGV[5]   '' or a group
-- ARGV[6]   '' or where the last page ended
-- Returns   ids (of jobs that may have been forgotten), where this page ended or ''
#include base

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
  return { ids, #ids == 500 and found[#found] or '' }
end
if ARGV[6] ~= '' then segment = '(' .. ARGV[6] end
local found = call('ZREVRANGEBYSCORE', P .. 'segments', segment, '-inf', 'LIMIT', 0, 1)[1]
if not found then return { {}, '' } end
local ids, newest = call('LRANGE', P .. 'sg:' .. found, 0, -1), {}
for k = #ids, 1, -1 do newest[#newest + 1] = ids[k] end
return { newest, found }
