-- Stores a batch of jobs. Used by every verb that may store some.
--
-- A[i]: how many jobs; then runs of jobs that go alike, in the order given: kind, queue, priority, length,
-- and per job id, body and (kind z) when:
--   kind l: plain, due now.   kind z: anything else. when: '' now, a time, '+' and a delay; 'b' before it:
--                             blocked
-- then how many links lead away, each: from, to, position, 1 to carry on, shard or ''; how many lead to jobs
-- here, each: to, position, from; how many jobs are in groups, each: group, place in the batch from 1; and
-- how many parts go by mail, each: shard, length, arguments like these. Returns the ids that were stored
-- already, and the index after the last argument read.

-- A job stored before gets a link: from now on its settling looks for those that wait.
local function mark_giver(id)
  local job, f = job_of(id)
  if not job or f.y then return end
  local plain = not next(f)
  f.y = 1
  change(id)
  local text = call('HGET', P .. 'active', id)
  if text then
    if sub(text, -1) ~= 'x' then call('HSET', P .. 'active', id, text .. 'x') end
  elseif plain and call('HEXISTS', P .. 'ended', id) == 0 and not call('ZSCORE', P .. 'z:' .. job.p .. ':' .. job.q, member(id, job)) then
    -- It is in the list, whose entries have no facts.
    call('HINCRBY', P .. 'v:' .. job.q, id, 1)
    know(job.q, 'v')
    know(job.q, 'z')
    call('ZADD', P .. 'z:' .. job.p .. ':' .. job.q, due_of(job, f), member(id, job))
  end
end

-- Which of the ids are known, and are to stay so, by place in the batch; the stored jobs of others make
-- place. Returns nothing but an id and the task whose job has it, if that is to be refused: then nothing has
-- been written.
local function make_places(ids, set, refuses)
  local known, free = {}, {}
  load(ids)
  for k, id in ipairs(ids) do
    local job, f = job_of(id)
    if job then
      local new = parse(set[2 * k])
      local way, code = gives_way(id, job, f, new.m.t, find(new.flags, 'A', 1, true))
      if way then
        free[#free + 1] = { id, job, f, code }
      elseif refuses and job.m.t ~= new.m.t then
        return nil, id, job.m.t
      else
        known[id] = true
      end
    end
  end
  for _, one in ipairs(free) do
    local id, job, f, code = unpack(one)
    forget(id, job, f, code, code == 'f', true)
  end
  for _, id in ipairs(ids) do if not known[id] then jobs[id] = nil end end
  return known
end

local function any_known(ids)
  for from = 1, #ids, PART do
    local keys = {}
    for k = from, math.min(from + PART - 1, #ids) do keys[#keys + 1] = P .. 'j:' .. ids[k] end
    if call('EXISTS', unpack(keys)) > 0 then return true end
  end
  return false
end

-- `refuses`: an id of another task's job is refused instead of skipped; then the answer is nil, that id and
-- that task, and nothing is written.
local function store(A, i, refuses)
  local total = tonumber(A[i])
  i = i + 1
  local duplicates, known = {}, {}
  local last, latest, segment, filled = match(call('GET', P .. 's') or '0|0|1|0', '^(%d+)|(%d+)|(%d+)|(%d+)$')
  local base = math.max(last + 1, micros)
  local head = now .. ':' .. format('%016d', base) .. ':' .. segment .. ':'

  -- First the bodies, all in one call while nothing of them is known.
  local set, ids, runs, at = {}, {}, {}, i
  while #ids < total do
    local kind, n = A[at], tonumber(A[at + 3])
    local step = kind == 'l' and 2 or 3
    runs[#runs + 1] = { kind, A[at + 1], A[at + 2], #ids + 1, n, at + 4, step }
    for k = at + 4, at + 3 + n * step, step do
      local id = A[k]
      ids[#ids + 1] = id
      set[#set + 1] = P .. 'j:' .. id
      set[#set + 1] = head .. A[k + 1]
    end
    at = at + 4 + n * step
  end
  if total == 0 then
    set = nil
  elseif total > PART / 2 or call('MSETNX', unpack(set)) == 0 then
    if any_known(ids) then
      local holder
      known, i, holder = make_places(ids, set, refuses)
      if not known then return nil, i, holder end
    end
    local fresh = {}
    for k = 1, total do
      if known[ids[k]] then
        duplicates[#duplicates + 1] = ids[k]
      else
        call('SET', set[2 * k - 1], set[2 * k])
        fresh[#fresh + 1] = ids[k]
      end
    end
    if #fresh == 0 then
      fresh = nil
    else
      each_part(fresh, function(...) call('RPUSH', P .. 'sg:' .. segment, ...) end)
    end
    set = fresh
  else
    call('RPUSH', P .. 'sg:' .. segment, unpack(ids))
    set = ids
  end

  -- Then their places.
  for _, run in ipairs(runs) do
    local kind, queue, priority, first, n, from, step = unpack(run)
    local line, blocked = {}, 0
    if kind == 'l' and now >= tonumber(latest) then
      if #duplicates == 0 then
        line = n == total and ids or { unpack(ids, first, first + n - 1) }
      else
        for k = first, first + n - 1 do if not known[ids[k]] then line[#line + 1] = ids[k] end end
      end
      each_part(line, function(...) call('RPUSH', P .. 'l:' .. priority .. ':' .. queue, ...) end)
      n = #line
    else
      local stored = 0
      for k = 0, n - 1 do
        local id = ids[first + k]
        if not known[id] then
          stored = stored + 1
          local when = kind == 'l' and '' or A[from + k * step + 2]
          if sub(when, 1, 1) == 'b' then
            blocked = blocked + 1
            facts[id] = { s = 'b', o = 0 }
            change(id)
          else
            line[#line + 1] = when == '' and now or sub(when, 1, 1) == '+' and now + sub(when, 2) or when
            line[#line + 1] = format('%016d', base + first + k - 1) .. id
          end
        end
      end
      each_part(line, function(...) call('ZADD', P .. 'z:' .. priority .. ':' .. queue, ...) end)
      n = stored
    end
    if n > 0 then
      know(queue, priority)
      if kind == 'z' or now < tonumber(latest) then know(queue, 'z') end
      if n > blocked then
        count(queue, 'r', n - blocked)
        work[queue] = true
      end
      if blocked > 0 then count(queue, 'b', blocked) end
    end
  end

  if set then
    if filled == '0' then call('ZADD', P .. 'segments', segment, segment) end
    filled = filled + #set
    if filled >= 1000 then segment, filled = segment + 1, 0 end
    call('SET', P .. 's', format('%.0f|%.0f|%d|%d', base + total, math.max(now, latest), segment, filled))
  end

  -- Then the links.
  local fresh = nil
  local outs = tonumber(A[at])
  at = at + 1
  local early = {}
  if outs > 0 or A[at] ~= '0' then
    fresh = {}
    for _, id in ipairs(ids) do fresh[id] = not known[id] end
  end
  for k = 1, outs do
    local from, to, position, carries_on, shard = A[at], A[at + 1], A[at + 2], A[at + 3], A[at + 4]
    at = at + 5
    local row = cjson.encode({ tonumber(carries_on), position, shard, to })
    -- Whether a job elsewhere is new is not known here; that it has been linked before is.
    if fresh[to] or (shard ~= '' and (fresh[from] or not call('LPOS', P .. 'o:' .. from, row))) then
      call('RPUSH', P .. 'o:' .. from, row)
      if not fresh[from] then
        mark_giver(from)
        if call('HEXISTS', P .. 'ended', from) == 1 then early[#early + 1] = { from, to, position, carries_on == '1', shard } end
      end
    end
  end
  local ins = tonumber(A[at])
  at = at + 1
  for k = 1, ins do
    local to, position, from = A[at], A[at + 1], A[at + 2]
    at = at + 3
    if fresh[to] then
      local f = facts[to]
      f.o = f.o + 1
      call('HSET', P .. 'i:' .. to, position, 'o' .. from)
    end
  end
  local groups = tonumber(A[at])
  at = at + 1
  local members = {}
  for k = 1, groups do
    local group, place = A[at], tonumber(A[at + 1])
    at = at + 2
    if not known[ids[place]] then
      local list = members[group] or {}
      members[group] = list
      list[#list + 1] = format('%.0f', base + place - 1)
      list[#list + 1] = ids[place]
    end
  end
  for group, list in pairs(members) do each_part(list, function(...) call('ZADD', P .. 'g:' .. group, ...) end) end
  for _, link in ipairs(early) do
    local from, to, position, carries_on, shard = unpack(link)
    local over = end_of(from)
    if shard ~= '' then
      post(shard, 'arrive', { to, position, from, over.code, over.tail, carries_on and 1 or 0 })
    else
      jobs[to] = nil
      local fallen = arrive_at(to, position, from, over.code, over.tail, carries_on)
      if fallen then loose[#loose + 1] = { fallen } end
    end
  end
  local parts = tonumber(A[at])
  at = at + 1
  for _ = 1, parts do
    local shard, n, part = A[at], tonumber(A[at + 1]), {}
    for k = 1, n do part[k] = A[at + 1 + k] end
    at = at + 2 + n
    post(shard, 'store', part)
  end
  return duplicates, at
end
