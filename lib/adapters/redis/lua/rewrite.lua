-- Writes the end of a run's journal anew and makes the run ready.
--
-- ARGV[4]   run id
-- ARGV[5]   the number up to which entries stay
-- ARGV[6]   entries to add, as JSON: [[number, entry as JSON], …]
-- Returns   1 if it did, 0 if the run is not in a state for that; mail
#include base parts jobs failures links park entries

local id, keep = ARGV[4], tonumber(ARGV[5])
local job, f = job_of(id)
local over = job and end_of(id)
-- No worker has it, it has not succeeded, and all that it waited for has come.
local open = job and not is_gone(id, job, f) and call('HEXISTS', P .. 'active', id) == 0
  and not (over and over.code == 's') and (f.o or 0) == 0 and (f.k or 0) == 0
if not open then return { 0, posted } end

if over then
  reopen(id, job, f, over)
elseif f.s == 'p' then
  stop_waiting(id, job, f)
else
  leave_line(id, job)
end
local above = {}
for _, number in ipairs(call('HKEYS', P .. 'jn:' .. id)) do
  if tonumber(number) > keep then above[#above + 1] = number end
end
each_part(above, function(...) call('HDEL', P .. 'jn:' .. id, ...) end)
append(id, f, cjson.decode(ARGV[6]))
f.f, f.n, f.l, f.w, f.d = (f.f or 0) + 1, nil, nil, nil, now
if expiry_of(job) then f.x = 1 end
enter_line(id, job, f, now)
if over and (f.y or find(job.flags, 'L', 1, true)) then revive({ { id } }) end
write()
finish()
return { 1, posted }
