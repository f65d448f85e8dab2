-- Lends jobs to a worker.
--
-- ARGV[4..] worker id, limit, then queues and their shares
-- Returns   now, 1 if the worker's lease has run out, when asking again makes sense or '', ids, bodies, extras (place from 1, JSON), mail
#include base jobs links events lend

local lapsed, future = lend(ARGV, 4)
spread(to_spread)
finish()
return { tostring(now), lapsed, future and format('%.0f', future) or '', lent, bodies, extras, posted }
