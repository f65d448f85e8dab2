-- Forgets jobs that have ended or wait.
--
-- ARGV[4]   the failure to leave for a moment, as JSON
-- ARGV[5..] ids
-- Returns   per id what came of it and what it was: 'removed', 'running', 'needed' or 'unknown', then a
--           state; mail
#include base parts jobs failures links events

-- Whether an unfinished job waits for this one, or will be handed its end. What an ended job left to other
-- shards has been sent there.
local function is_waited_for(id, job, f, over)
  if not f.y and not find(job.flags, 'L', 1, true) then return false end
  for _, row in ipairs(call('LRANGE', P .. 'o:' .. id, 0, -1)) do
    local link = cjson.decode(row)
    if link[3] ~= '' then
      if not over then return true end
    elseif call('EXISTS', P .. 'j:' .. link[4]) == 1 and call('HEXISTS', P .. 'ended', link[4]) == 0 then
      return true
    end
  end
  return false
end

local function remove(id)
  local job, f = job_of(id)
  if not job or is_gone(id, job, f) then return 'unknown', '' end
  local over = end_of(id)
  local loan = loan_of(id)
  local was = over and STATES[over.code] or loan and 'active' or f.s == 'b' and 'blocked' or f.s == 'p' and 'parked' or 'ready'
  if loan then return 'running', was end
  if is_waited_for(id, job, f, over) then return 'needed', was end
  local code = over and over.code or 'c'
  if not over then
    if was == 'blocked' then
      count(job.q, 'b', -1)
    elseif was == 'parked' then
      stop_waiting(id, job, f)
    else
      leave_line(id, job)
    end
    close(id, job, f, 'c', '-' .. ARGV[4])
  end
  forget(id, job, facts[id], code, code == 'f')
  return 'removed', was
end

local ids, left, answers = { unpack(ARGV, 5) }, {}, {}
load(ids)
-- Dependants were mostly stored after what they wait for: from the last to the first, and again while that
-- makes others free.
for k = #ids, 1, -1 do left[#left + 1] = k end
local before = #left + 1
while #left > 0 and #left < before do
  before = #left
  local again = {}
  for _, k in ipairs(left) do
    local as, was = remove(ids[k])
    answers[k] = { as, was }
    if as == 'needed' then again[#again + 1] = k end
  end
  left = again
end
write()
finish()
return { answers, posted }
