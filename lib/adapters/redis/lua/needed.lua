-- Which of some ended jobs are needed yet by a job that has not succeeded and has not had its time.
--
-- ARGV[4..] ids
-- Returns   1 or 0 per id
#include base parts jobs

local ids, answers = { unpack(ARGV, 4) }, {}
load(ids)
for k, id in ipairs(ids) do
  local job, f = job_of(id)
  answers[k] = job and is_needed(id, job, f, true) and 1 or 0
end
return answers
