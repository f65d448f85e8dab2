-- Reads what jobs have noted.
--
-- ARGV[4..] ids
-- Returns   per id nothing, or when it noted last, its state, and its log: time:line
#include base

local answers = {}
for k = 4, #ARGV do
  local id, answer = ARGV[k], {}
  local facts = call('HGET', P .. 'facts', id)
  if facts and cjson.decode(facts).t then
    answer = call('HMGET', P .. 'nt:' .. id, 'a', 's')
    for _, line in ipairs(call('LRANGE', P .. 'lg:' .. id, 0, -1)) do answer[#answer + 1] = line end
  end
  answers[#answers + 1] = answer
end
return answers
