-- The number of the form in which data lies in this namespace; one key, in the home shard. Data without a
-- number is of form 1.
--
-- ARGV[4]   the form that this code writes; '' only reads
--   Returns what stands there afterwards: a lower number is raised, a higher one and anything else is left
#include base

local key = P .. 'format'
local found = redis.pcall('GET', key)
if type(found) == 'table' then return 'something that is not a text' end
local known = tonumber(ARGV[4])
local number = not found and 1 or (match(found, '^[1-9]%d?%d?%d?%d?%d?$') and tonumber(found))
if number and known and number < known then
  call('SET', key, ARGV[4])
  return ARGV[4]
end
return found or '1'
