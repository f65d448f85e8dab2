-- Registers a worker or renews its lease, and says which of its loans are gone.
--
-- ARGV[4]   worker id      ARGV[5]  lease in ms      ARGV[6]  what it says of itself, as JSON
-- ARGV[7..] job id, fence, … of what it believes it holds
-- Returns   now, ids that are lost
#include base

local id = ARGV[4]
local text = call('HGET', P .. 'workers', id)
local no, since = match(text or '', '^(%d+)|%d+|(%d+)|')
if not no then
  no, since = tostring(call('INCR', P .. 'wlast')), now
  call('HSET', P .. 'wno', no, id)
end
local till = now + ARGV[5]
call('HSET', P .. 'workers', id, no .. '|' .. till .. '|' .. since .. '|' .. now .. '|' .. ARGV[6])
call('ZADD', P .. 'leases', till, id)
call('ZADD', P .. 'holders', 'XX', till, no)
-- The active jobs are looked up one by one: kept as a list they would be searched from its beginning each
-- time.
if call('HEXISTS', P .. 'active', '') == 0 then call('HSET', P .. 'active', '', string.rep('-', 80)) end
local lost, ids = {}, {}
for k = 7, #ARGV, 2 do ids[#ids + 1] = ARGV[k] end
for from = 1, #ids, PART do
  local to = math.min(from + PART - 1, #ids)
  local found = call('HMGET', P .. 'active', unpack(ids, from, to))
  for k = from, to do
    local fence, of = match(found[k - from + 1] or '', '^(%d+)|%d+|%d+|(%d+)|')
    if fence ~= ARGV[6 + 2 * k] or of ~= no then lost[#lost + 1] = ids[k] end
  end
end
return { tostring(now), lost }
