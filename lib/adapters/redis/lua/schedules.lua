-- The small verbs on schedules. sc: id → { spec, nextAt, paused, lastAt, fires, dynamic }; sd: ids of dynamic
-- ones that will be due, by when
--
-- ARGV[4]   verb
--   upsert  id, spec, next slot or '', '1' if dynamic or '', …
--   get     ids                          Returns now, id, JSON, …
--   list                                 Returns now, id, JSON, …
--   due     limit, ids                   Returns now, id, JSON, … of the ids, and the earliest dynamic ones
--   pause   id                           Returns 1 if there is such a schedule
--   resume  id, next slot or ''
--   remove  id
#include base schedules

local verb, answers = ARGV[4], {}
local function answer(id)
  local text = call('HGET', P .. 'sc', id)
  if text then
    answers[#answers + 1] = id
    answers[#answers + 1] = text
  end
end
if verb == 'upsert' then
  for k = 5, #ARGV, 4 do
    local id, spec, dynamic = ARGV[k], ARGV[k + 1], ARGV[k + 3] == '1'
    local text = call('HGET', P .. 'sc', id)
    local s = text and cjson.decode(text) or { paused = false, fires = 0 }
    -- What is declared in the code stays so.
    if not (text and dynamic and not s.dynamic) then
      if s.spec ~= spec then s.spec, s.nextAt = spec, tonumber(ARGV[k + 2]) end
      s.dynamic = dynamic
      save(id, s)
    end
  end
  return {}
elseif verb == 'list' then
  return { tostring(now), call('HGETALL', P .. 'sc') }
elseif verb == 'get' then
  for k = 5, #ARGV do answer(ARGV[k]) end
  return { tostring(now), answers }
elseif verb == 'due' then
  for k = 6, #ARGV do answer(ARGV[k]) end
  for _, id in ipairs(call('ZRANGE', P .. 'sd', 0, ARGV[5] - 1)) do answer(id) end
  return { tostring(now), answers }
elseif verb == 'remove' then
  call('ZREM', P .. 'sd', ARGV[5])
  return call('HDEL', P .. 'sc', ARGV[5])
end
local text = call('HGET', P .. 'sc', ARGV[5])
if not text then return 0 end
local s = cjson.decode(text)
s.paused = verb == 'pause'
if verb == 'resume' then s.nextAt = tonumber(ARGV[6]) end
save(ARGV[5], s)
return 1
