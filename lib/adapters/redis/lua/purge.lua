-- Forgets dead letters.
--
-- ARGV[4..] ids
-- Returns   how many there were, mail
#include base parts jobs

local ids, n = { unpack(ARGV, 4) }, 0
load(ids)
for _, id in ipairs(ids) do
  local job, f = job_of(id)
  if job and call('ZSCORE', P .. 'dead', id) then
    forget(id, job, f, 'f', true)
    n = n + 1
  end
end
write()
finish()
return { n, posted }
