-- Fires slots of schedules, each if the schedule still stands at it with that spec, in one step with its job.
-- A shot without a job only moves its schedule. Runs in the home shard.
--
-- ARGV[4]   how many shots; each: schedule id, slot, next slot or '', spec, and how many of the arguments
--           that follow
--           are its job (0: none), as in common/store.lua
-- Returns   for each shot 0 if its schedule did not move, 2 if it did but the job's id was known, 1 if that
--           was new; mail
#include base parts jobs failures links store schedules

local answers, i = {}, 5
for k = 1, tonumber(ARGV[4]) do
  local id, slot, next_at, spec, n = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  i = i + 5
  local text = call('HGET', P .. 'sc', id)
  local s = text and cjson.decode(text)
  answers[k] = 0
  if s and not s.paused and s.nextAt == tonumber(slot) and s.spec == spec then
    s.nextAt = tonumber(next_at)
    answers[k] = 1
    if n > 0 then
      s.lastAt, s.fires = tonumber(slot), s.fires + 1
      if #store(ARGV, i) > 0 then answers[k] = 2 end
    end
    save(id, s)
  end
  i = i + n
end
arrive(loose)
write()
finish()
return { answers, posted }
