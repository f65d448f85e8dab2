-- Stops or starts lending from queues.
--
-- ARGV[4]   1 to stop, 0 to start
-- ARGV[5..] queues
#include base

for k = 5, #ARGV do
  local queue = ARGV[k]
  local known = string.gsub(call('HGET', P .. 'q', queue) or '', 'p', '')
  if ARGV[4] == '1' then
    call('HSET', P .. 'q', queue, 'p' .. known)
  else
    if call('EXISTS', P .. 'n:' .. queue) == 1 then call('HSET', P .. 'q', queue, known) else call('HDEL', P .. 'q', queue) end
    work[queue] = true
  end
end
finish()
return 1
