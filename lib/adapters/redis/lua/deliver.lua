-- Takes in mail, each piece once.
--
-- ARGV[4]   shard it comes from
-- ARGV[5..] pieces: [shard, kind, number, data]
-- Returns   ids that were stored already, ids of jobs made ready, mail
#include base parts jobs failures links store park events change

local duplicates, woken, to_revive = {}, {}, {}
local KINDS = {
  spread = function(d) loose[#loose + 1] = d end,
  revive = function(d) to_revive[#to_revive + 1] = d end,
  store = function(d) for _, id in ipairs((store(d, 1))) do duplicates[#duplicates + 1] = id end end,
  arrive = function(d)
    local fallen = arrive_at(d[1], d[2], d[3], d[4], d[5], d[6] == 1, true)
    if fallen then loose[#loose + 1] = { fallen } end
  end,
  ['revive-one'] = function(d)
    local back = revive_one(d[1], d[2], d[3])
    if back then to_revive[#to_revive + 1] = { back } end
  end,
  wake = function(d)
    local job, f = job_of(d[1])
    if not job or f.s ~= 'p' or f.f ~= d[2] then return end
    if #(f.ws or {}) == 1 then f.ws = nil end
    wake(d[1], job, f, d[3], now)
    woken[#woken + 1] = d[1]
  end,
  wait = function(d)
    local why, waiting = stored_wake(d[2]), cjson.decode(d[1])
    if why then return post(waiting[1], 'wake', { waiting[2], waiting[3], why }) end
    for _, about in ipairs(d[3]) do call('SADD', P .. 'w:' .. about, d[1]) end
  end,
  unwait = function(d)
    for _, about in ipairs(d[2]) do call('SREM', P .. 'w:' .. about, d[1]) end
  end,
  emit = function(d) emit(d, 1, #d / 5, {}, woken) end,
  cancel = function(d) for k = 1, #d, 2 do cancel(d[k], d[k + 1]) end end,
  unlist = function(d)
    local stamp, _, shard = match(call('HGET', P .. 'ids', d[1]) or '', '^(%d+)|(%a)|(.*)$')
    -- Reserved anew meanwhile: not ours to strike out.
    if shard == d[2] and tonumber(stamp) <= tonumber(d[3]) then call('HDEL', P .. 'ids', d[1]) end
  end,
}
if ARGV[4] ~= KEYS[1] then call('ZREMRANGEBYSCORE', P .. 'seen', '-inf', micros - 3600000000) end
for k = 5, #ARGV do
  local piece = cjson.decode(ARGV[k])
  local fresh
  if ARGV[4] == KEYS[1] then
    fresh = call('HDEL', P .. 'outbox', piece[3]) == 1
  else
    fresh = call('ZADD', P .. 'seen', 'NX', micros, ARGV[4] .. '#' .. piece[3]) == 1
  end
  if fresh then KINDS[piece[2]](piece[4]) end
end
revive(to_revive)
arrive(loose)
write()
finish()
return { duplicates, woken, posted }
