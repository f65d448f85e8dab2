-- Ends an unfinished job at once, in any state; the jobs that wait for it follow at the end of the script.
-- `error`: the failure to leave, as JSON. Returns what it was: a state, 'ended:' and a state, or 'unknown'.
local function cancel(id, error)
  -- It may have been stored in this very script since it was looked for.
  if jobs[id] == false then jobs[id] = nil end
  local job, f = job_of(id)
  local over = job and end_of(id)
  if not job or is_gone(id, job, f) then return 'unknown' end
  if over then return 'ended:' .. STATES[over.code] end
  local loan, was = loan_of(id), 'ready'
  if loan then
    was = 'active'
    release(id, job, f, loan)
  elseif f.s == 'b' then
    was = 'blocked'
    count(job.q, 'b', -1)
  elseif f.s == 'p' then
    was = 'parked'
    stop_waiting(id, job, f)
  else
    leave_line(id, job)
  end
  end_job(id, job, f, 'c', '-' .. error)
  -- A worker has it, who is to be told.
  if loan then posted[#posted][8] = 'a' end
  return was
end
