-- Everything but plain successes, one by one.
local function settle_one(id, fence, s, along_at, A, lost)
  local loan = loan_of(id)
  local job, f = job_of(id)
  if not loan or not job or loan.fence ~= fence then
    lost[#lost + 1] = id
    return
  end
  if s.journal then append(id, f, s.journal) end
  if s.note then take_note(id, f, s.note) end
  local started = f.st
  release(id, job, f, loan)
  if s.begun == false then f.st = started end
  if s.as ~= 'ready' or s.ran then f.w = nil end
  if s.as == 'succeeded' then
    end_job(id, job, f, 's', s.result and '=' .. s.result or '')
  elseif s.as == 'failed' then
    end_job(id, job, f, 'f', (s.cause == 'rejected' and 'r' or 'e') .. s.error, true)
  elseif s.as == 'cancelled' then
    end_job(id, job, f, 'c', '-' .. s.error, true)
  elseif s.as == 'ready' then
    if s.attempt == 'returned' then f.n = f.n - 1 end
    if s.ran then f.l = nil end
    if s.error then f.e = s.error end
    f.d = s.dueAt or now + (s.delayMs or 0)
    enter_line(id, job, f, f.d)
  elseif s.as == 'anew' then
    begin_anew(id, job, f, s)
  else
    f.n, f.l = f.n - 1, nil
    park(id, job, f, s.waits, s.deadline)
  end
  if along_at then carry_out(A, along_at, s) end
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
    local n_along = length_along(s)
    ids[k] = A[at]
    list[k] = { A[at], A[at + 1], s, n_along > 0 and at + 3 or nil }
    at = at + 3 + n_along
  end
  load(ids)
  for k = 1, n do settle_one(list[k][1], list[k][2], list[k][3], list[k][4], A, lost) end
  return at
end
