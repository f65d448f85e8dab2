-- Registers a worker or renews its lease, and says which of its loans are gone and what it is ordered to do.
--
-- ARGV[4]   worker id      ARGV[5]  lease in ms      ARGV[6]  what it says of itself, as JSON
-- ARGV[7]   number of the last order it has heard, or 0; '' in a shard that only has a copy of its lease
-- ARGV[8..] job id, fence, … of what it believes it holds
-- Returns   now, ids that are lost, orders (number|text)
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
for k = 8, #ARGV, 2 do ids[#ids + 1] = ARGV[k] end
for from = 1, #ids, PART do
  local to = math.min(from + PART - 1, #ids)
  local found = call('HMGET', P .. 'active', unpack(ids, from, to))
  for k = from, to do
    local fence, of = match(found[k - from + 1] or '', '^(%d+)|%d+|%d+|(%d+)|')
    if fence ~= ARGV[7 + 2 * k] or of ~= no then lost[#lost + 1] = ids[k] end
  end
end
if ARGV[7] == '' then return { tostring(now), lost, {} } end
-- or:<id>: number|text, …   os: the workers that have such a list
local key = P .. 'or:' .. id
local orders = call('LRANGE', key, 0, 99)
if orders[1] and ARGV[7] ~= '0' then
  local heard = tonumber(ARGV[7])
  while orders[1] and tonumber(match(orders[1], '^%d+')) <= heard do
    local n = 0
    for _, order in ipairs(orders) do
      if tonumber(match(order, '^%d+')) > heard then break end
      n = n + 1
    end
    call('LPOP', key, n)
    orders = call('LRANGE', key, 0, 99)
  end
  if not orders[1] then call('SREM', P .. 'os', id) end
end
return { tostring(now), lost, orders }
