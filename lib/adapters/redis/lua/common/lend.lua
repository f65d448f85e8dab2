-- Lending that takes more than the plain way, and taking back.
--
-- workers  id → number|lease until|since|seen|{info}
-- wno      number → id
-- held     number → jobs it holds
-- holders  numbers that hold any, by lease
-- wc       number → where the search for what it holds has come to
local SWEEP = 200

-- Gives back what a worker holds. `lapsed`: its lease ran out, which counts. Looks at a few thousand loans at
-- most; the rest is left to the next.
local function take_from(no, lapsed)
  local left = tonumber(call('HGET', P .. 'held', no) or 0) + (held[no] or 0)
  local cursor = call('HGET', P .. 'wc', no) or '0'
  local looks = 0
  while left > 0 and looks < 5 do
    looks = looks + 1
    local found = call('HSCAN', P .. 'active', cursor, 'COUNT', 1000)
    cursor = found[1]
    local loans, ids = {}, {}
    for k = 1, #found[2], 2 do
      local fence, attempt, started, of, rich = match(found[2][k + 1], LOAN)
      if of == no then
        ids[#ids + 1] = found[2][k]
        loans[#loans + 1] = { fence = fence, attempt = attempt, started = started_at(started, fence), no = no }
      end
    end
    load(ids)
    for k, id in ipairs(ids) do
      local job, f = job_of(id)
      left = left - 1
      if not job then
        call('HDEL', P .. 'active', id)
        hold(no, -1)
      elseif call('HEXISTS', P .. 'active', id) == 1 then
        take_back(id, job, f, loans[k])
        f.n = f.n - 1
        if lapsed then f.l = (f.l or 0) + 1 end
        if lapsed and f.l >= (job.m.ml or 5) then
          end_job(id, job, f, 'f', 'l' .. lapsed_times(f.l))
        else
          make_ready(id, job, f, due_of(job, f))
        end
      end
    end
    if cursor == '0' then break end
  end
  if cursor == '0' then call('HDEL', P .. 'wc', no) else call('HSET', P .. 'wc', no, cursor) end
  return left
end

-- Wakes what has waited long enough.
local function sweep(queue)
  local late = call('ZRANGEBYSCORE', P .. 'd:' .. queue, '-inf', now, 'WITHSCORES', 'LIMIT', 0, SWEEP)
  for k = 1, #late, 2 do
    local job, f = job_of(late[k])
    if job and f.s == 'p' then
      wake(late[k], job, f, '{"by":"deadline"}', tonumber(late[k + 1]))
    else
      call('ZREM', P .. 'd:' .. queue, late[k])
    end
  end
end

-- Ends a job whose string is gone, deleted by an eviction policy. It becomes a dead letter, so that the loss
-- shows.
local function bury(id, queue)
  local body = now .. ':' .. format('%016d', micros) .. ':0:0::0:' .. cjson.encode({ t = '(evicted)', q = queue }) .. '\n'
  call('SET', P .. 'j:' .. id, body)
  jobs[id], facts[id] = parse(body), {}
  count(queue, 'r', -1)
  local failure = { name = 'StoreError', code = 'STEM_STORE_EVICTED', message = 'Redis has evicted the job: its maxmemory-policy must be noeviction.' }
  end_job(id, jobs[id], facts[id], 'f', 'r' .. cjson.encode(failure))
end

local function expire(id, job, f)
  count(job.q, 'r', -1)
  end_job(id, job, f, 'e', '-' .. expired_at(expiry_of(job)))
end

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
      bury(id, queue)
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
      if #ids > 0 then n = n + lend_plain(ids, no, queue, bury) end
    else
      local heads = call('LRANGE', line, 0, want - 1)
      local runs, taken = merge(heads, dated, want)
      if taken > 0 then call('LPOP', line, taken) end
      for _, run in ipairs(runs) do
        local ids = run
        if run.list then
          if voids then ids = sound(ids, queue) end
          if #ids > 0 then n = n + lend_plain(ids, no, queue, bury) end
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
    sweep(queue)
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
