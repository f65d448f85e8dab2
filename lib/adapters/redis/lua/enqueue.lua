-- Stores jobs, all of them in this one step; ids that are stored already are passed over.
--
-- ARGV[4]   '' or when, by this server's clock in ms, the ids reserved for these jobs may be another caller's
-- ARGV[5..] as common/store.lua says
-- Returns   ids that were stored already, mail; false if it was too late
#include base

if ARGV[4] ~= '' and micros / 1000 > tonumber(ARGV[4]) then return false end

-- One run of plain jobs, none of them known, which is what nearly every call is. Returns whether it was.
local function store_plain(A, i)
  local total, queue, level = tonumber(A[i]), A[i + 2], A[i + 3]
  if A[i + 1] ~= 'l' or tonumber(A[i + 4]) ~= total or total > PART / 2 then return false end
  local at = i + 5 + 2 * total
  if A[at] ~= '0' or A[at + 1] ~= '0' or A[at + 2] ~= '0' or A[at + 3] ~= '0' then return false end
  local last, latest, segment, filled = match(call('GET', P .. 's') or '0|0|1|0', '^(%d+)|(%d+)|(%d+)|(%d+)$')
  if now < tonumber(latest) then return false end
  local base = math.max(last + 1, micros)
  local head, prefix = now .. ':' .. format('%016d', base) .. ':' .. segment .. ':', P .. 'j:'
  local set, ids = {}, {}
  for k = 1, total do
    local id = A[i + 3 + 2 * k]
    ids[k] = id
    set[2 * k - 1] = prefix .. id
    set[2 * k] = head .. A[i + 4 + 2 * k]
  end
  if call('MSETNX', unpack(set)) == 0 then return false end
  call('RPUSH', P .. 'sg:' .. segment, unpack(ids))
  if call('RPUSH', P .. 'l:' .. level .. ':' .. queue, unpack(ids)) == total then
    local known = call('HGET', P .. 'q', queue) or ''
    if not find(known, level, 1, true) then call('HSET', P .. 'q', queue, known .. level) end
  end
  if filled == '0' then call('ZADD', P .. 'segments', segment, segment) end
  filled = filled + total
  if filled >= 1000 then segment, filled = segment + 1, 0 end
  call('SET', P .. 's', format('%.0f|%.0f|%d|%d', base + total, now, segment, filled))
  count(queue, 'r', total)
  work[queue] = 1
  return true
end

local function store_any()
  #include parts jobs failures links store
  library = { write = write }
  local duplicates, id, holder = store(ARGV, 5, true)
  arrive(loose)
  return duplicates, id, holder
end

local duplicates, id, holder = {}, nil, nil
if not store_plain(ARGV, 5) then duplicates, id, holder = store_any() end
if not duplicates then return { {}, {}, id, holder } end
finish()
return { duplicates, posted }
