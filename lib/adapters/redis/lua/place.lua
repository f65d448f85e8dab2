-- Forgets stored jobs whose ids new ones take, which are to be stored in any shard.
--
-- ARGV[4]   1 to refuse ids of jobs of other tasks, or 0
-- ARGV[5..] per job: id, task, 1 for again or 0
-- Returns   mail, how many made place; and where that is refused: nothing, -1, the id, the task whose job has
--           it
#include base parts jobs

local ids, free = {}, {}
for k = 5, #ARGV, 3 do ids[#ids + 1] = ARGV[k] end
load(ids)
for k, id in ipairs(ids) do
  local job, f = job_of(id)
  local task = ARGV[3 * k + 3]
  if job then
    local way, code = gives_way(id, job, f, task, ARGV[3 * k + 4] == '1')
    if way then
      free[#free + 1] = { id, job, f, code }
    elseif ARGV[4] == '1' and job.m.t ~= task then
      return { {}, -1, id, job.m.t }
    end
  end
end
for _, one in ipairs(free) do
  local id, job, f, code = unpack(one)
  forget(id, job, f, code, code == 'f')
end
write()
finish()
return { posted, #free }
