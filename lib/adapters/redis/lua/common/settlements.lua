-- The two ways to settle: plain successes in a few calls for all of them, and everything else one by one.

-- Jobs that turn out not to be plain are put into `others`.
local function settle_plain(A, i, lost, others)
  local groups = tonumber(A[i])
  i = i + 1
  for _ = 1, groups do
    local queue, keep, segment, fence, with, n = A[i], A[i + 1], A[i + 2], A[i + 3], A[i + 4] == '1', tonumber(A[i + 5])
    i = i + 6
    local ids, results = {}, nil
    if with then
      results = {}
      for k = 1, n do
        ids[k] = A[i]
        results[k] = '=' .. A[i + 1]
        i = i + 2
      end
    else
      for k = 1, n do ids[k] = A[i + k - 1] end
      i = i + n
    end
    local found = call('HMGET', P .. 'active', unpack(ids))
    -- Jobs of one claim have the same text, so its parts are looked at once.
    local good, holder, ok, records, entries = {}, {}, {}, {}, {}
    local prefix, stamp = 's' .. now .. '|0|', now .. ':'
    local m = 0
    for k = 1, n do
      local loan = found[k]
      local verdict = loan and good[loan]
      if loan and verdict == nil then
        local f, _, _, no, rich = match(loan, LOAN)
        verdict = f ~= fence and 0 or rich == 'x' and 2 or 1
        good[loan], holder[loan] = verdict, no
      end
      if verdict == 1 then
        local id = ids[k]
        m = m + 1
        ok[m] = id
        records[2 * m - 1] = id
        records[2 * m] = prefix .. loan .. (results and '|' .. results[k] or '|')
        entries[m] = stamp .. id
        held[holder[loan]] = (held[holder[loan]] or 0) - 1
      elseif verdict == 2 then
        others[#others + 1] = { ids[k], fence, { as = 'succeeded', result = results and sub(results[k], 2) or nil } }
      else
        lost[#lost + 1] = ids[k]
      end
    end
    if m > 0 then
      call('HDEL', P .. 'active', unpack(ok))
      count(queue, 'a', -m)
      if keep == '0' then
        local keys = {}
        for k = 1, m do keys[k] = P .. 'j:' .. ok[k] end
        call('DEL', unpack(keys))
        gone_by_segment[segment] = (gone_by_segment[segment] or 0) + m
      else
        each_part(records, function(...) call('HSET', P .. 'ended', ...) end)
        call('RPUSH', P .. 'k:' .. keep, unpack(entries))
        call('SADD', P .. 'keeps', keep)
        count(queue, 's', m)
      end
      if #done == 0 then done = ok else for k = 1, m do done[#done + 1] = ok[k] end end
    end
  end
  return i
end

local function failure(cause, error)
  return cause .. error
end

local function settle_one(id, fence, s, jobs_at, A, lost)
  local loan = loan_of(id)
  local job, f = job_of(id)
  if not loan or not job or loan.fence ~= fence then
    lost[#lost + 1] = id
    return
  end
  if s.journal then write_journal(id, f, s.journal) end
  take_back(id, job, f, loan)
  if s.as ~= 'ready' or s.ran then f.w = nil end
  if s.as == 'succeeded' then
    end_job(id, job, f, 's', s.result and '=' .. s.result or '')
    if jobs_at then store(A, jobs_at) end
  elseif s.as == 'failed' then
    end_job(id, job, f, 'f', (s.cause == 'rejected' and 'r' or 'e') .. s.error)
  elseif s.as == 'cancelled' then
    end_job(id, job, f, 'c', '-' .. s.error)
  elseif s.as == 'ready' then
    if s.attempt == 'returned' then f.n = f.n - 1 end
    if s.ran then f.l = nil end
    if s.error then f.e = s.error end
    f.d = s.dueAt or now + (s.delayMs or 0)
    make_ready(id, job, f, f.d)
  else
    f.n, f.l = f.n - 1, nil
    park(id, job, f, s.waits, s.deadline)
  end
end

local function settle_others(A, i, lost, others)
  for _, other in ipairs(others) do settle_one(other[1], other[2], other[3], nil, A, lost) end
  local n = tonumber(A[i])
  i = i + 1
  if n == 0 then return i end
  local ids = {}
  local at = i
  local list = {}
  for k = 1, n do
    local s = cjson.decode(A[at + 2])
    local jobs_at = nil
    ids[k] = A[at]
    list[k] = { A[at], A[at + 1], s, s.enqueue and at + 3 }
    at = at + 3
    if s.enqueue then at = at + s.enqueue end
  end
  load(ids)
  for k = 1, n do settle_one(list[k][1], list[k][2], list[k][3], list[k][4], A, lost) end
  return at
end
