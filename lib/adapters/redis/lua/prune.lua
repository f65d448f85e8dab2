-- Forgets ended jobs past their time, and what else has had its time.
--
-- ARGV[4]   forget at most so many jobs
-- Returns   how many jobs were forgotten, 1 if there may be more, mail
#include base parts jobs

local limit, n, more = tonumber(ARGV[4]), 0, 0

-- Looks at ended jobs; those that are needed yet are set aside.
local function look(ids, stamp)
  load(ids)
  local records = call('HMGET', P .. 'ended', unpack(ids))
  for k, id in ipairs(ids) do
    local job, f = job_of(id)
    local code, at = match(records[k] or '', '^(%a)(%d+)|')
    -- One that was made ready again may have ended otherwise since, even at the same moment.
    if job and code and (not stamp or at == stamp and has_passed(job, code, at)) then
      if is_needed(id, job, f) then
        call('SADD', P .. 'needed', id)
      else
        call('SREM', P .. 'needed', id)
        forget(id, job, f, code, code == 'f')
        n = n + 1
      end
    elseif not stamp then
      call('SREM', P .. 'needed', id)
    end
  end
end

for _, keep in ipairs(call('SMEMBERS', P .. 'keeps')) do
  local key = P .. 'k:' .. keep
  while n < limit do
    local at, length = match(call('LINDEX', key, 0) or '', '^(%d+):(%d+)$')
    if not at or at + keep > now then break end
    local take = math.min(tonumber(length), limit - n)
    local ids = call('LRANGE', key, 1, take)
    call('LPOP', key, take + 1)
    if take < tonumber(length) then call('LPUSH', key, at .. ':' .. length - take) end
    look(ids, at)
  end
  if call('EXISTS', key) == 0 then call('SREM', P .. 'keeps', keep) end
end
if n >= limit then more = 1 end
if n < limit then
  local ids = call('SRANDMEMBER', P .. 'needed', math.min(limit - n, 500))
  if #ids > 0 then look(ids) end
end

-- Events and locks past their time, workers that lapsed long ago and hold nothing.
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'er', '-inf', now, 'LIMIT', 0, 1000)) do
  local event = cjson.decode(call('HGET', P .. 'ev', id))
  call('HDEL', P .. 'ev', id)
  call('ZREM', P .. 'er', id)
  call('ZREM', P .. 'en:' .. event.name, id)
  call('ZREM', P .. 'ek:' .. #event.name .. ':' .. event.name .. event.key, id)
end
for _, name in ipairs(call('ZRANGEBYSCORE', P .. 'lu', '-inf', now, 'LIMIT', 0, 1000)) do
  call('HDEL', P .. 'lk', name)
  call('ZREM', P .. 'lu', name)
end
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'leases', '-inf', '(' .. (now - 3600000), 'LIMIT', 0, 100)) do
  local no = match(call('HGET', P .. 'workers', id) or '', '^(%d+)|')
  if not no or call('HEXISTS', P .. 'held', no) == 0 then
    call('ZREM', P .. 'leases', id)
    call('HDEL', P .. 'workers', id)
    call('DEL', P .. 'copies:' .. id)
    if no then call('HDEL', P .. 'wno', no) end
  end
end
-- Orders of workers that are not there any more; an older version forgets a worker without them.
for _, id in ipairs(call('SMEMBERS', P .. 'os')) do
  if call('HEXISTS', P .. 'workers', id) == 0 then
    call('DEL', P .. 'or:' .. id)
    call('SREM', P .. 'os', id)
  end
end
write()
finish()
return { n, more, posted }
