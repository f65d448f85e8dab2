-- Adds to journals, for the worker that holds the run.
--
-- ARGV[4..] job id, fence, entries as JSON: [[number, entry as JSON], …]
-- Returns   ids whose lease had gone
#include base parts jobs entries

local lost, ids = {}, {}
for k = 4, #ARGV, 3 do ids[#ids + 1] = ARGV[k] end
load(ids)
for k = 4, #ARGV, 3 do
  local id = ARGV[k]
  local loan = loan_of(id)
  local job, f = job_of(id)
  if job and loan and loan.fence == ARGV[k + 1] then
    append(id, f, cjson.decode(ARGV[k + 2]))
    -- From now on settling it takes more than the plain way.
    if not loan.rich then call('HSET', P .. 'active', id, call('HGET', P .. 'active', id) .. 'x') end
  else
    lost[#lost + 1] = id
  end
end
write_facts()
return lost
