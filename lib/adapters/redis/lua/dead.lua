-- Dead letters, latest death first: one page of what may fit.
--
-- ARGV[4]   look at so many at most
-- ARGV[5]   '' or the id to go on after
-- ARGV[6]   '' or died before this time
-- ARGV[7]   '' or the id of the one letter that is wanted
-- Returns   ids, bodies without their payloads, ends, the time
#include base heads

if ARGV[7] ~= '' then return { {}, {}, call('ZSCORE', P .. 'dead', ARGV[7]) and { call('HGET', P .. 'ended', ARGV[7]) } or {} } end
local key, from = P .. 'dead', 0
if ARGV[5] ~= '' then
  local rank = call('ZREVRANK', key, ARGV[5])
  if not rank then return { {}, {}, {} } end
  from = rank + 1
end
if ARGV[6] ~= '' then from = math.max(from, call('ZCOUNT', key, ARGV[6], '+inf')) end
local ids = call('ZREVRANGE', key, from, from + ARGV[4] - 1)
if #ids == 0 then return { {}, {}, {} } end
local heads = {}
for k, id in ipairs(ids) do heads[k] = head_of(id) end
return { ids, heads, call('HMGET', P .. 'ended', unpack(ids)), tostring(now) }
