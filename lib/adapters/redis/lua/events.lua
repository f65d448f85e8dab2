-- Kept events, oldest first.
--
-- ARGV[4]   name      ARGV[5]  '' or '=' and the key      ARGV[6]  how many at most
-- Returns   id, event as JSON, …
#include base

local name, key = ARGV[4], P .. 'en:' .. ARGV[4]
if ARGV[5] ~= '' then key = P .. 'ek:' .. #name .. ':' .. name .. sub(ARGV[5], 2) end
local answers = {}
for _, id in ipairs(call('ZRANGE', key, 0, ARGV[6] - 1)) do
  answers[#answers + 1] = id
  answers[#answers + 1] = call('HGET', P .. 'ev', id)
end
return answers
