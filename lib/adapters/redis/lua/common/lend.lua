-- Lending that takes more than the plain way.

-- Lends any job; returns how many that were.
local function lend_rich(ids, no, queue)
  load(ids)
  local n = 0
  local keys = {}
  for k = 1, #ids do keys[k] = P .. 'j:' .. ids[k] end
  local found = call('MGET', unpack(keys))
  for k, id in ipairs(ids) do
    local job, f = job_of(id)
    local expires = job and not f.x and not f.st and expiry_of(job)
    if not job then
      end_evicted(id, queue)
    elseif expires and expires <= now then
      expire(id, job, f)
    else
      n = n + 1
      local above, attempt = math.max(fence or new_fence(), (f.f or 0) + 1), (f.n or 0) + 1
      local plain = not next(f)
      local rich = not plain or find(job.flags, 'L', 1, true)
      local lines = find(id, '\n', 1, true)
      lent_n = lent_n + 1
      lent[lent_n] = lines and '' or id
      bodies[lent_n] = found[k]
      lent_bytes = lent_bytes + #found[k]
      if not plain or lines then
        extras[#extras + 1] = lent_n
        extras[#extras + 1] = cjson.encode({ id = lines and id or nil, f = above, n = attempt, l = f.l, d = f.d, w = f.w, j = f.j, o = f.o })
      end
      loans[2 * lent_n - 1] = id
      loans[2 * lent_n] = format('%.0f', above) .. '|' .. attempt .. '|' .. start_by(above) .. '|' .. no .. '|' .. (rich and 'x' or '')
    end
  end
  return n
end

-- The next of list and sorted set, by due time and then number; both are in that order. Returns ids of the
-- list and of the set, in order, as runs.
local function merge(heads, dated, left)
  local keys = {}
  for k = 1, #heads do keys[k] = P .. 'j:' .. heads[k] end
  local found = #keys > 0 and call('MGET', unpack(keys)) or {}
  local runs, i, j = {}, 1, 1
  local function add(list, id)
    local run = runs[#runs]
    if not run or run.list ~= list then
      run = { list = list }
      runs[#runs + 1] = run
    end
    run[#run + 1] = id
  end
  while left > 0 and (heads[i] or dated[j]) do
    local first = dated[j] == nil
    if not first and heads[i] then
      local at, base, _, index = match(found[i] or '0:0:0:0::0:', PATTERN)
      local due = tonumber(dated[j + 1])
      at = tonumber(at)
      first = at < due or (at == due and base + index < tonumber(sub(dated[j], 1, 16)))
    end
    if first then
      add(true, heads[i])
      i = i + 1
    else
      add(false, dated[j])
      j = j + 2
    end
    left = left - 1
  end
  return runs, i - 1
end

-- Leaves out the entries that are void, and forgets that they were. Of equal ids the void ones lie in front.
local function sound(ids, queue)
  local key = P .. 'v:' .. queue
  local marks, voids, good = call('HMGET', key, unpack(ids)), {}, {}
  for k, id in ipairs(ids) do voids[id] = tonumber(marks[k] or 0) end
  for _, id in ipairs(ids) do
    if voids[id] > 0 then
      voids[id] = voids[id] - 1
      if call('HINCRBY', key, id, -1) <= 0 then call('HDEL', key, id) end
    else
      good[#good + 1] = id
    end
  end
  return good
end

-- Lends from one priority of a queue. Returns how many, and when the first of the others is due.
local function lend_level(queue, known, level, no, left)
  local line, set = P .. 'l:' .. level .. ':' .. queue, P .. 'z:' .. level .. ':' .. queue
  local voids = find(known, 'v', 1, true) and call('EXISTS', P .. 'v:' .. queue) == 1
  local n, future = 0, nil
  while true do
    local want = lent_bytes < ENOUGH and math.min(left - n, PIECE) or 0
    local dated = call('ZRANGEBYSCORE', set, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, want + 1)
    local due, m = 0, #dated
    while due < m and tonumber(dated[due + 2]) <= now do due = due + 2 end
    if due < m then future = tonumber(dated[due + 2]) end
    for k = m, due + 1, -1 do dated[k] = nil end
    if want <= 0 then
      if due > 0 and not future then
        local later = call('ZRANGEBYSCORE', set, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
        future = later[2] and tonumber(later[2])
      end
      break
    end
    if due == 0 then
      local ids = call('LPOP', line, want)
      if not ids then break end
      if voids then ids = sound(ids, queue) end
      if #ids > 0 then n = n + lend_plain(ids, no, queue, end_evicted) end
    else
      local heads = call('LRANGE', line, 0, want - 1)
      local runs, taken = merge(heads, dated, want)
      if taken > 0 then call('LPOP', line, taken) end
      for _, run in ipairs(runs) do
        local ids = run
        if run.list then
          if voids then ids = sound(ids, queue) end
          if #ids > 0 then n = n + lend_plain(ids, no, queue, end_evicted) end
        else
          call('ZREM', set, unpack(ids))
          for k, entry in ipairs(ids) do ids[k] = sub(entry, 17) end
          n = n + lend_rich(ids, no, queue)
        end
      end
    end
  end
  return n, future
end

-- Lends from a queue that holds, or held, more than plain jobs. Returns how many, and when it makes sense to
-- ask again.
local function lend_queue(queue, known, no, left)
  local future, n = nil, 0
  if find(known, 'd', 1, true) then
    wake_overdue(queue)
    known = call('HGET', P .. 'q', queue)
    local late = call('ZRANGEBYSCORE', P .. 'd:' .. queue, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    future = late[2] and tonumber(late[2])
  end
  for level = first_level, last_level, level_step do
    if find(known, level, 1, true) then
      local lent_here, later = lend_level(queue, known, level, no, left - n)
      n = n + lent_here
      if later and (not future or later < future) then future = later end
    end
  end
  return n, future
end
