-- Fires slots of schedules, each if the schedule still stands at it with that spec, in one step with its job.
-- A shot without a job only moves its schedule. Runs in the home shard.
--
-- ARGV[4]   how many shots; each: schedule id, slot, next slot or '', spec, and how many of the arguments
--           that follow
--           are its job (0: none), as in common/store.lua
-- Returns   ids that moved, mail
#include base parts jobs failures links store schedules

local moved, i = {}, 5
for _ = 1, tonumber(ARGV[4]) do
  local id, slot, next_at, spec, n = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  i = i + 5
  local text = call('HGET', P .. 'sc', id)
  local s = text and cjson.decode(text)
  if s and not s.paused and s.nextAt == tonumber(slot) and s.spec == spec then
    s.nextAt = tonumber(next_at)
    if n > 0 then
      s.lastAt, s.fires = tonumber(slot), s.fires + 1
      store(ARGV, i)
    end
    save(id, s)
    moved[#moved + 1] = id
  end
  i = i + n
end
spread(to_spread)
write()
finish()
return { moved, posted }
