-- The plain way to lend and to store: jobs that are due, never expire, and of which nothing is to be told but
-- themselves.
local lent, bodies, extras, loans, lent_n = {}, {}, {}, {}, 0
-- Jobs are read so many at a time, and once an answer has so many bytes, no more: the limit says how many a
-- worker can run, not how large they are.
local ENOUGH, PIECE = 8388608, 128
local lent_bytes = 0

-- The fence of all that this call lends: above every fence this shard has given, and above those of any other
-- shard by the time of day, so that no id ever has the same one twice, not even when its job was forgotten
-- and another is stored under it. In tenths of a millisecond: numbers of up to 14 digits are all that Lua and
-- cjson write out whole (until the year 2286).
-- fence  the last one given
local fence = nil
local function new_fence()
  fence = math.floor(micros / 100)
  local last = tonumber(call('SET', P .. 'fence', format('%.0f', fence), 'GET') or 0)
  if last >= fence then
    fence = last + 1
    call('SET', P .. 'fence', format('%.0f', fence))
  end
  return fence
end

-- Lends jobs of a list. The last argument ends a job that has been evicted.
local function lend_plain(ids, no, queue, end_evicted)
  local n, keys, prefix = #ids, {}, P .. 'j:'
  for k = 1, n do keys[k] = prefix .. ids[k] end
  local found = call('MGET', unpack(keys))
  fence = fence or new_fence()
  local loan, begun = format('%.0f', fence) .. '|1|' .. start_by(fence) .. '|' .. no .. '|', lent_n
  for k = 1, n do
    local body, id = found[k], ids[k]
    if body then
      lent_n = lent_n + 1
      lent[lent_n] = id
      bodies[lent_n] = body
      lent_bytes = lent_bytes + #body
      loans[2 * lent_n - 1] = id
      loans[2 * lent_n] = loan
    else
      end_evicted(id, queue)
    end
  end
  return lent_n - begun
end

-- Levels of priority in the order in which they are lent.
local first_level, last_level, level_step = 9, 0, -1

-- A[i]: worker id, limit, then queues and their shares. `make`: makes the library.
-- A negative limit asks for the lowest priority first.
-- Returns 1 if the worker's lease has run out, and when asking again makes sense.
local function lend(A, i, make)
  local limit = tonumber(A[i + 1])
  if limit < 0 then limit, first_level, last_level, level_step = -limit, 0, 9, 1 end
  local holders = call('ZRANGE', P .. 'holders', 0, 1, 'WITHSCORES')
  if holders[2] and tonumber(holders[2]) <= now then
    for _, no in ipairs(call('ZRANGEBYSCORE', P .. 'holders', '-inf', now, 'LIMIT', 0, 10)) do make().take_back(no, true) end
    write_held()
    holders = call('ZRANGE', P .. 'holders', 0, 1, 'WITHSCORES')
  end
  local no, till = match(call('HGET', P .. 'workers', A[i]) or '', '^(%d+)|(%d+)|')
  local lapsed = not no or tonumber(till) <= now
  local future = nil
  for k = i + 2, #A, 2 do
    local queue = A[k]
    local known = call('HGET', P .. 'q', queue)
    if known and not find(known, 'p', 1, true) then
      local left = lapsed and 0 or math.min(limit, tonumber(A[k + 1]))
      local n = 0
      if find(known, '[zvd]') then
        local later
        n, later = make().lend_queue(queue, known, no, left)
        if later and (not future or later < future) then future = later end
        if later then work[queue] = work[queue] and 1 or nil end
      else
        for level = first_level, last_level, level_step do
          while n < left and lent_bytes < ENOUGH and find(known, level, 1, true) do
            local ids = call('LPOP', P .. 'l:' .. level .. ':' .. queue, math.min(left - n, PIECE))
            if not ids then break end
            n = n + lend_plain(ids, no, queue, function(...) make().end_evicted(...) end)
          end
        end
      end
      if n > 0 then
        count(queue, 'r', -n)
        count(queue, 'a', n)
        held[no] = (held[no] or 0) + n
        limit = limit - n
      end
      if n < left and lent_bytes >= ENOUGH then future = now end
      -- What there was has been lent in this very step.
      if n < left and not future then work[queue] = nil end
    end
  end
  for from = 1, 2 * lent_n, PART do call('HSET', P .. 'active', unpack(loans, from, math.min(from + PART - 1, 2 * lent_n))) end
  for k = 1, #holders, 2 do
    if holders[k] ~= no then
      local till = tonumber(holders[k + 1])
      if not future or till < future then future = till end
      break
    end
  end
  return lapsed and 1 or 0, future
end
