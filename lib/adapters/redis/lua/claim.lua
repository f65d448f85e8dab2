-- Lends jobs to a worker.
--
-- ARGV[4..] worker id, limit (negative: the lowest priority first), then queues and their shares
-- Returns   now, 1 if the worker's lease has run out, when asking again makes sense or '', ids one a line,
--           bodies as one text, extras
--           (place from 1, JSON), fence of those without an extra, mail
#include base claim

local function make()
  if library then return library end
  #include parts jobs failures links park lapse lend
  library = { write = write, arrive = arrive, take_back = take_back, lend_queue = lend_queue, end_evicted = end_evicted }
  return library
end

local lapsed, future = lend(ARGV, 4, make)
if #loose > 0 then make().arrive(loose) end
finish()
return { tostring(now), lapsed, future and format('%.0f', future) or '', table.concat(lent, '\n'), table.concat(bodies), extras, fence or 0, posted }
