-- Fires slots of schedules, each if the schedule still stands at it, in one step with its job. Runs in the home shard.
--
-- ARGV[4]   how many shots; each: schedule id, slot, next slot or '', how many of the arguments that follow are its job, as in common/store.lua
-- Returns   ids that moved, mail
#include base parts jobs links store schedules

local moved, i = {}, 5
for _ = 1, tonumber(ARGV[4]) do
  local id, slot, next_at, n = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  i = i + 4
  local text = call('HGET', P .. 'sc', id)
  local s = text and cjson.decode(text)
  if s and not s.paused and s.nextAt == tonumber(slot) then
    s.nextAt, s.lastAt, s.fires = tonumber(next_at), tonumber(slot), s.fires + 1
    save(id, s)
    store(ARGV, i)
    moved[#moved + 1] = id
  end
  i = i + n
end
spread(to_spread)
write()
finish()
return { moved, posted }
