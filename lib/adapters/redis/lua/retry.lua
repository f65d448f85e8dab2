-- Makes ended jobs ready again, or blocked where their links say so.
--
-- ARGV[4..] ids
-- Returns   ids that moved, mail
#include base parts jobs failures links

local moved, to_revive = {}, {}
local ids = { unpack(ARGV, 4) }
load(ids)
for _, id in ipairs(ids) do
  local job, f = job_of(id)
  local over = job and end_of(id)
  if over and over.code ~= 's' and (f.k or 0) == 0 and not is_gone(id, job, f) then
    reopen(id, job, f, over)
    -- It starts late by the wish of a person, so it does not expire any more.
    if expiry_of(job) then f.x = 1 end
    if (f.o or 0) > 0 then
      f.s = 'b'
      count(job.q, 'b', 1)
    else
      f.d = now
      make_ready(id, job, f, now)
    end
    moved[#moved + 1] = id
    if f.y or find(job.flags, 'L', 1, true) then to_revive[#to_revive + 1] = { id } end
  end
end
revive(to_revive)
write()
finish()
return { moved, posted }
