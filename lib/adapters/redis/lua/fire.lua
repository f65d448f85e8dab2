-- Fires slots of schedules, each if the schedule still stands at it, in one step with its job. Runs in the home shard.
--
-- ARGV[4]   how many shots; each: schedule id, slot, next slot or '', shard of the job or '', how many of the arguments that follow are the job
-- Returns   ids that moved, mail
#include base parts jobs links store

local moved, i = {}, 5
for _ = 1, tonumber(ARGV[4]) do
  local id, slot, next_at, shard, n = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  i = i + 5
  local text = call('HGET', P .. 'sc', id)
  local s = text and cjson.decode(text)
  if s and not s.paused and s.nextAt == tonumber(slot) then
    s.nextAt, s.lastAt, s.fires = tonumber(next_at), tonumber(slot), s.fires + 1
    call('HSET', P .. 'sc', id, cjson.encode(s))
    if shard == '' then store(ARGV, i) else post(shard, 'store', { unpack(ARGV, i, i + n - 1) }) end
    moved[#moved + 1] = id
  end
  i = i + n
end
spread(to_spread)
write()
finish()
return { moved, posted }
