-- The small verbs on schedules. sc: id → { spec, nextAt, paused, lastAt, fires }
--
-- ARGV[4]   verb
--   upsert  id, spec, next slot or '', …
--   get     ids; none: all               Returns id, JSON, …
--   pause   id                           Returns 1 if there is such a schedule
--   resume  id, next slot or ''
--   remove  id
#include base

local verb, key, answers = ARGV[4], P .. 'sc', {}
if verb == 'upsert' then
  for k = 5, #ARGV, 3 do
    local text = call('HGET', key, ARGV[k])
    local s = text and cjson.decode(text) or { paused = false, fires = 0 }
    if s.spec ~= ARGV[k + 1] then
      s.spec, s.nextAt = ARGV[k + 1], tonumber(ARGV[k + 2])
      call('HSET', key, ARGV[k], cjson.encode(s))
    end
  end
  return {}
elseif verb == 'get' then
  if #ARGV == 4 then return { tostring(now), call('HGETALL', key) } end
  for k = 5, #ARGV do
    local text = call('HGET', key, ARGV[k])
    if text then
      answers[#answers + 1] = ARGV[k]
      answers[#answers + 1] = text
    end
  end
  return { tostring(now), answers }
elseif verb == 'remove' then
  return call('HDEL', key, ARGV[5])
end
local text = call('HGET', key, ARGV[5])
if not text then return 0 end
local s = cjson.decode(text)
s.paused = verb == 'pause'
if verb == 'resume' then s.nextAt = tonumber(ARGV[6]) end
call('HSET', key, ARGV[5], cjson.encode(s))
return 1
