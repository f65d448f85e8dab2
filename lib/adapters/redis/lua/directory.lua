-- Which shard an id that a user has chosen is in. Runs in a piece of the directory. ids: id → time|what
-- for|shard
--
-- ARGV[4]   verb
--   reserve  what for ('x' for one call, 'm' for a batch that travels by mail), then id, shard, …
--            Returns per id: '' if it is reserved now, else its entry; and this server's time
--   take     what for, id, shard, the entry to replace        Returns 1 if it was replaced
--   find     ids                                              Returns per id its shard or ''
#include base

local verb, key, answers = ARGV[4], P .. 'ids', {}
local stamp = math.floor(micros / 1000)
if verb == 'find' then
  for k = 5, #ARGV do answers[k - 4] = match(call('HGET', key, ARGV[k]) or '', '^%d+|%a|(.*)$') or '' end
  return answers
elseif verb == 'take' then
  if (call('HGET', key, ARGV[6]) or '') ~= ARGV[8] then return 0 end
  call('HSET', key, ARGV[6], stamp .. '|' .. ARGV[5] .. '|' .. ARGV[7])
  return 1
end
for k = 6, #ARGV, 2 do
  local entry = call('HGET', key, ARGV[k])
  if not entry then call('HSET', key, ARGV[k], stamp .. '|' .. ARGV[5] .. '|' .. ARGV[k + 1]) end
  answers[#answers + 1] = entry or ''
end
answers[#answers + 1] = tostring(stamp)
return answers
