-- Which of some jobs are stored here.
--
-- ARGV[4..] ids
-- Returns   1 or 0 per id
#include base

local answers = {}
for k = 4, #ARGV do answers[k - 3] = call('EXISTS', P .. 'j:' .. ARGV[k]) end
return answers
