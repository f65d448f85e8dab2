-- What the queues hold.
--
-- ARGV[4..] queues; none: all
-- Returns   per queue: name, 1 if paused, how many ready jobs are due later, its counters as pairs, and when
--           the job fell due that has been due for the longest, or ''
#include base

-- Heads of a list that are looked at for one that is not void.
local HEADS = 100

-- Plain jobs are due when they are stored, and lie in that order.
local function due_of_first(queue, level, voids)
  local ids = call('LRANGE', P .. 'l:' .. level .. ':' .. queue, 0, voids and HEADS - 1 or 0)
  if #ids == 0 then return nil end
  local marks, left = voids and call('HMGET', P .. 'v:' .. queue, unpack(ids)) or {}, {}
  for k, id in ipairs(ids) do
    left[id] = left[id] or tonumber(marks[k] or 0)
    if left[id] > 0 then
      left[id] = left[id] - 1
    else
      local at = match(call('GETRANGE', P .. 'j:' .. id, 0, 31), '^(%d+):')
      if at then return tonumber(at) end
    end
  end
end

local function oldest(queue, known)
  local first = nil
  local function consider(due)
    if due and due <= now and (not first or due < first) then first = due end
  end
  local voids = find(known, 'v', 1, true)
  for level in string.gmatch(known, '%d') do
    consider(due_of_first(queue, level, voids))
    local head = call('ZRANGE', P .. 'z:' .. level .. ':' .. queue, 0, 0, 'WITHSCORES')
    consider(head[2] and tonumber(head[2]))
  end
  return first and format('%.0f', first) or ''
end

local names = #ARGV > 3 and { unpack(ARGV, 4) } or call('HKEYS', P .. 'q')
local answers = {}
for k, queue in ipairs(names) do
  local known = call('HGET', P .. 'q', queue) or ''
  local later = 0
  for level in string.gmatch(known, '%d') do later = later + call('ZCOUNT', P .. 'z:' .. level .. ':' .. queue, '(' .. now, '+inf') end
  answers[k] = { queue, find(known, 'p', 1, true) and 1 or 0, later, call('HGETALL', P .. 'n:' .. queue), oldest(queue, known) }
end
return answers
