-- The small verbs on schedules. sc: id → { spec, nextAt, paused, lastAt, fires, dynamic, owner, deployment };
-- sd: ids of dynamic ones that will be due, by when; so:<owner>: of an owner's; sr: owner → the deployment
-- that has retired schedules last. Version 0.1 does not keep so: up to date, so whoever reads a schedule
-- mends its place there.
--
-- ARGV[4]   verb
--   put     owner, deployment, '1' to retire or '', then id, spec, next slot or '', …
--           Returns 0 if a newer deployment has retired schedules
--   due     limit, owners                Returns now, id, JSON, …, and how many places were mended
--   only    limit, ids                   Returns now, id, JSON, … of the ids, and the earliest dynamic ones
--   get     ids                          Returns now, id, JSON, …
--   ids                                  Returns all ids
--   change  id, 'paused' or 'removed' or 'resumed', next slot or '', …
--           Returns for each 1 if there was such a schedule
#include base schedules

local verb, answers = ARGV[4], {}

local function schedule_of(id)
  local text = call('HGET', P .. 'sc', id)
  return text and cjson.decode(text), text
end

local function remove(id, s)
  call('HDEL', P .. 'sc', id)
  call('ZREM', index_of(owner_of(s)), id)
end

local function answer(id, text)
  if not text then return end
  answers[#answers + 1] = id
  answers[#answers + 1] = text
end

-- Returns whether the place was wrong and is right now. On a server without memory it stays wrong.
local function mend(owner, id, s, stands)
  local score = s and owner_of(s) == owner and score_of(s) or nil
  if score == stands then return false end
  local done
  if score then
    done = redis.pcall('ZADD', index_of(owner), score, id)
  else
    done = redis.pcall('ZREM', index_of(owner), id)
  end
  return type(done) ~= 'table'
end

if verb == 'put' then
  local owner, deployment, retires = ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1'
  if tonumber(call('HGET', P .. 'sr', owner) or 0) > deployment then return 0 end
  local given = {}
  for k = 8, #ARGV, 3 do
    local id, spec = ARGV[k], ARGV[k + 1]
    local s = schedule_of(id)
    local before = s and owner_of(s)
    given[id] = true
    local keeps
    if not s then
      s = { paused = false, fires = 0, dynamic = owner == '' }
    elseif owner == '' then
      keeps = before ~= ''
    else
      keeps = before == owner and tonumber(s.deployment or 0) > deployment
    end
    if not keeps then
      if s.spec ~= spec then s.spec, s.nextAt = spec, tonumber(ARGV[k + 2]) end
      if owner ~= '' then
        if before and before ~= owner then call('ZREM', index_of(before), id) end
        -- As text: cjson writes no more than 14 digits of a number.
        s.dynamic, s.owner, s.deployment = false, owner, ARGV[6]
      end
      save(id, s)
    end
  end
  if retires then
    call('HSET', P .. 'sr', owner, ARGV[6])
    local cursor, old = '0', {}
    repeat
      local found = call('HSCAN', P .. 'sc', cursor, 'COUNT', 1000)
      cursor = found[1]
      for k = 1, #found[2], 2 do
        if not given[found[2][k]] then
          local s = cjson.decode(found[2][k + 1])
          if owner_of(s) == owner and tonumber(s.deployment or 0) < deployment then old[found[2][k]] = s end
        end
      end
    until cursor == '0'
    for id, s in pairs(old) do remove(id, s) end
  end
  return 1
elseif verb == 'ids' then
  return call('HKEYS', P .. 'sc')
elseif verb == 'change' then
  for k = 5, #ARGV, 3 do
    local id, to, s = ARGV[k], ARGV[k + 1], schedule_of(ARGV[k])
    answers[#answers + 1] = s and 1 or 0
    if s and to == 'removed' then
      remove(id, s)
    elseif s then
      s.paused = to == 'paused'
      if to == 'resumed' then s.nextAt = tonumber(ARGV[k + 2]) end
      save(id, s)
    end
  end
  return answers
end

local mended = 0
if verb == 'get' then
  for k = 5, #ARGV do
    local s, text = schedule_of(ARGV[k])
    if s then
      local owner = owner_of(s)
      if owner ~= '' then mend(owner, ARGV[k], s, tonumber(call('ZSCORE', index_of(owner), ARGV[k]) or nil)) end
      answer(ARGV[k], text)
    end
  end
  return { tostring(now), answers }
elseif verb == 'due' then
  for k = 6, #ARGV do
    local places = call('ZRANGE', index_of(ARGV[k]), 0, ARGV[5] - 1, 'WITHSCORES')
    for n = 1, #places, 2 do
      local s, text = schedule_of(places[n])
      if mend(ARGV[k], places[n], s, tonumber(places[n + 1])) then mended = mended + 1 end
      answer(places[n], text)
    end
  end
else
  for k = 6, #ARGV do answer(ARGV[k], call('HGET', P .. 'sc', ARGV[k])) end
end
for _, id in ipairs(call('ZRANGE', P .. 'sd', 0, ARGV[5] - 1)) do answer(id, call('HGET', P .. 'sc', id)) end
return { tostring(now), answers, mended }
