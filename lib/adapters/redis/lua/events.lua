-- Kept events, oldest first.
--
-- ARGV[4]   name
-- ARGV[5]   '' or '=' and the key
-- ARGV[6]   only above this number
-- ARGV[7]   how many at most
-- Returns   id, event as JSON, …
#include base

local name, key = ARGV[4], P .. 'en:' .. ARGV[4]
if ARGV[5] ~= '' then key = P .. 'ek:' .. #name .. ':' .. name .. sub(ARGV[5], 2) end
local answers = {}
for _, id in ipairs(call('ZRANGEBYSCORE', key, '(' .. ARGV[6], '+inf', 'LIMIT', 0, ARGV[7])) do
  answers[#answers + 1] = id
  answers[#answers + 1] = call('HGET', P .. 'ev', id)
end
return answers
