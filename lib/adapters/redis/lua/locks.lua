-- Named locks. lk: name → token|until|owner, lt: the last token of any name, lu: names by the time they run
-- out
--
-- ARGV[4]   acquire, renew or release
-- ARGV[5]   name
-- ARGV[6]   owner
-- ARGV[7]   ms
-- ARGV[8]   token
-- Returns   acquire: the token, 0 if someone else holds it; otherwise 1 if it was this lock that held the
--           name
#include base

local verb, name, owner = ARGV[4], ARGV[5], ARGV[6]
local token, till, by = match(call('HGET', P .. 'lk', name) or '', '^(%d+)|(%d+)|(.*)$')
local held = token and tonumber(till) > now
if verb == 'acquire' then
  if held and by ~= owner then return 0 end
  token, till = call('INCR', P .. 'lt'), now + ARGV[7]
else
  if not held or by ~= owner or token ~= ARGV[8] then return 0 end
  if verb == 'release' then
    call('ZREM', P .. 'lu', name)
    return call('HDEL', P .. 'lk', name)
  end
  till = math.max(till, now + ARGV[7])
end
call('HSET', P .. 'lk', name, token .. '|' .. till .. '|' .. owner)
call('ZADD', P .. 'lu', till, name)
return verb == 'acquire' and token or 1
