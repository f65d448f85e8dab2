-- Ends unfinished jobs at once, whatever they are doing, and with them whoever waits for them.
--
-- ARGV[4]   the failure to leave, as JSON
-- ARGV[5..] ids
-- Returns   per id what it was: a state, 'ended:' and a state, or 'unknown'; mail
#include base parts jobs failures links events

local answers = {}
local ids = { unpack(ARGV, 5) }
load(ids)
for k, id in ipairs(ids) do
  local job, f = job_of(id)
  local over = job and end_of(id)
  if not job or is_gone(id, job, f) then
    answers[k] = 'unknown'
  elseif over then
    answers[k] = 'ended:' .. STATES[over.code]
  else
    local loan = loan_of(id)
    if loan then
      answers[k] = 'active'
      take_back(id, job, f, loan)
    elseif f.s == 'b' then
      answers[k] = 'blocked'
      count(job.q, 'b', -1)
    elseif f.s == 'p' then
      answers[k] = 'parked'
      stop_waiting(id, job, f)
    else
      answers[k] = 'ready'
      leave_line(id, job)
    end
    end_job(id, job, f, 'c', '-' .. ARGV[4])
  end
end
spread(to_spread)
write()
finish()
return { answers, posted }
