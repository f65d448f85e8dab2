-- Jobs: how they are stored, and the few moves that keep a shard's keys agreeing with one another.
--
-- j:<id>     the job as it was given, never changed: at:base:segment:index:flags:length:{meta}\npayload, with
--            the payload's length in UTF-16 units,
--            so that many bodies can travel as one text. Its number is base + index.
--            flags: A again, D due later, E expires, L others wait for it, W waits for others, G in a group,
--            N its id has more than one line,
--            U and two letters: its id is in that piece of the directory
-- active     id → fence|attempt|started|worker number|x, where x says that settling it takes more than the
--            plain way
-- ended      id → state, time | lapses | fence | attempts | started | worker number | x | what it left ('='
--            result, or cause and error)
-- facts      id → what has changed since it was stored, as JSON; absent for a plain job. f fence, n attempts,
--            l lapses, st started, d due,
--            e error, w wake, x never expires, j has a journal, t has noted something, y others wait for it,
--            s 'b' or 'p' (blocked, parked), o and k open and failed links to it, ws and dl what it is parked
--            for
-- l:, z:<priority>:<queue>  the line: a list of plain jobs in order of arrival, and a sorted set of all
--                           others by due time, then number
-- v:<queue>  id → entries of the list that are void
-- q          queue → what there may be in it, so that claims look nowhere else: 0 to 9 priorities in use, z
--            sorted sets, v void entries,
--            d deadlines, p paused
local DAY, MONTH = 86400000, 30 * 86400000
local PATTERN = '^(%d+):(%d+):(%d+):(%d+):(%a*):%d+:()'
local RECORD = '^(%a)(%d+)|(%d+)|(%d+)|(%d+)|(%d*)|(%d*)|(x?)|()'

local metas = {}

local function parse(text)
  local at, base, segment, index, flags, from = match(text, PATTERN)
  local to = find(text, '\n', from, true)
  local raw = sub(text, from, to - 1)
  local meta = metas[raw]
  if not meta then
    meta = cjson.decode(raw)
    metas[raw] = meta
  end
  return { at = tonumber(at), seq = base + index, segment = segment, flags = flags, m = meta, q = meta.q, p = meta.p or 0 }
end

local jobs, facts, dirty = {}, {}, {}

-- Reads jobs and their facts, many in two calls.
local function load(ids)
  local want, keys = {}, {}
  for _, id in ipairs(ids) do
    if jobs[id] == nil then
      want[#want + 1] = id
      keys[#keys + 1] = P .. 'j:' .. id
      jobs[id] = false
    end
  end
  for from = 1, #want, PART do
    local to = math.min(from + PART - 1, #want)
    local bodies, texts = call('MGET', unpack(keys, from, to)), call('HMGET', P .. 'facts', unpack(want, from, to))
    for i = from, to do
      local body, text = bodies[i - from + 1], texts[i - from + 1]
      jobs[want[i]] = body and parse(body) or false
      if facts[want[i]] == nil then facts[want[i]] = text and cjson.decode(text) or {} end
    end
  end
end

local function job_of(id)
  if jobs[id] == nil then load({ id }) end
  return jobs[id] or nil, facts[id]
end

local function change(id)
  dirty[id] = true
end

local function write_facts()
  local set, del = {}, {}
  for id in pairs(dirty) do
    local f = facts[id]
    if f and next(f) then
      set[#set + 1] = id
      set[#set + 1] = cjson.encode(f)
    else
      del[#del + 1] = id
    end
  end
  each_part(set, function(...) call('HSET', P .. 'facts', ...) end)
  each_part(del, function(...) call('HDEL', P .. 'facts', ...) end)
end

local function due_of(job, f)
  return f.d or job.m.du or job.at + (job.m.de or 0)
end

local function expiry_of(job)
  return job.m.ea or (job.m.ei and job.at + job.m.ei)
end

-- Notes what there may be in a queue from now on.
local function know(queue, what)
  local known = call('HGET', P .. 'q', queue) or ''
  if not find(known, what, 1, true) then call('HSET', P .. 'q', queue, known .. what) end
end

local function member(id, job)
  return format('%016d', job.seq) .. id
end

-- Puts a job in line where its due time and number place it.
local function enter_line(id, job, f, due)
  f.s, f.ws, f.dl = nil, nil, nil
  know(job.q, job.p)
  know(job.q, 'z')
  call('ZADD', P .. 'z:' .. job.p .. ':' .. job.q, due, member(id, job))
  count(job.q, 'r', 1)
  work[job.q] = true
  change(id)
end

-- Takes a ready job out of line. A list has no cheap way to lose one in the middle: its entry is declared
-- void.
local function leave_line(id, job)
  if call('ZREM', P .. 'z:' .. job.p .. ':' .. job.q, member(id, job)) == 0 then
    call('HINCRBY', P .. 'v:' .. job.q, id, 1)
    know(job.q, 'v')
  end
  count(job.q, 'r', -1)
end

-- What the shard knows of a loan; nil if the job is not lent.
local function loan_of(id)
  local text = call('HGET', P .. 'active', id)
  if not text then return nil end
  local fence, attempt, started, no, rich = match(text, LOAN)
  return { fence = fence, attempt = attempt, started = started_at(started, fence), no = no, rich = rich ~= '' }
end

-- Takes a job from its worker; its facts know how often it was lent.
local function release(id, job, f, loan)
  call('HDEL', P .. 'active', id)
  hold(loan.no, -1)
  count(job.q, 'a', -1)
  f.f, f.n, f.st = tonumber(loan.fence), tonumber(loan.attempt), tonumber(loan.started)
  change(id)
end

local function end_of(id)
  local text = call('HGET', P .. 'ended', id)
  if not text then return nil end
  local code, at, lapses, fence, attempts, started, _, _, from = match(text, RECORD)
  return { code = code, at = at, lapses = lapses, fence = fence, attempts = attempts, started = started, tail = sub(text, from) }
end

local gone_by_segment = {}

-- Whether an ended job has had its time.
local function has_passed(job, code, at)
  return at + (code == 's' and (job.m.kr or DAY) or code ~= 's' and (job.m.kf or MONTH)) <= now
end

-- Whether a job this one links to is stored here and may still want its input. `lenient`: one that has had
-- its time itself does not. For a job in another shard a copy was sent.
local function is_needed(id, job, f, lenient)
  if not f.y and not find(job.flags, 'L', 1, true) then return false end
  local from = 0
  while true do
    local rows = call('LRANGE', P .. 'o:' .. id, from, from + 99)
    for _, row in ipairs(rows) do
      local link = cjson.decode(row)
      if link[3] == '' and call('EXISTS', P .. 'j:' .. link[4]) == 1 then
        local code, at = match(call('HGET', P .. 'ended', link[4]) or '', '^(%a)(%d+)|')
        if not code then return true end
        if code ~= 's' and not (lenient and has_passed((job_of(link[4])), code, at)) then return true end
      end
    end
    if #rows < 100 then return false end
    from = from + 100
  end
end

-- Whether a job has had its time, be it pruned or not; and how it ended.
local function is_gone(id, job, f)
  local code, at = match(call('HGET', P .. 'ended', id) or '', '^(%a)(%d+)|')
  return code and has_passed(job, code, at) and not is_needed(id, job, f, true), code
end

-- Whether a stored job makes place for a new one of its id; and how it ended.
local function gives_way(id, job, f, task, again)
  local gone, code = is_gone(id, job, f)
  return gone or (code and again and job.m.t == task and not is_needed(id, job, f)), code
end

-- Forgets a job that has ended, or is to be forgotten at its end. `code` is nil for the latter. `anew`:
-- another of its id is stored in this step.
local function forget(id, job, f, code, dead, anew)
  call('DEL', P .. 'j:' .. id)
  if code then
    call('HDEL', P .. 'ended', id)
    count(job.q, code, -1)
  end
  if dead and call('ZREM', P .. 'dead', id) == 1 then count(job.q, 'd', -1) end
  if f and next(f) then
    call('DEL', P .. 'o:' .. id, P .. 'i:' .. id, P .. 'jn:' .. id)
    if f.t then call('DEL', P .. 'nt:' .. id, P .. 'lg:' .. id) end
  elseif job.flags ~= '' then
    call('DEL', P .. 'o:' .. id, P .. 'i:' .. id)
  end
  local listed = match(job.flags, 'U(%l%l)')
  if listed and not anew then post(sub(home, 1, -2) .. '#' .. listed .. '}', 'unlist', { id, KEYS[1], tostring(math.floor(micros / 1000)) }) end
  if job.m.g then call('ZREM', P .. 'g:' .. job.m.g, id) end
  facts[id], jobs[id] = {}, false
  change(id)
  gone_by_segment[job.segment] = (gone_by_segment[job.segment] or 0) + 1
end

-- The index by arrival is kept in segments; one of which nothing is left goes whole.
-- s             last number|latest time|segment|jobs in it
-- sg:<segment>  its ids
-- sn            segment → how many of them are gone
-- segments      those there are
local function forget_segment(segment)
  call('HDEL', P .. 'sn', segment)
  call('DEL', P .. 'sg:' .. segment)
  call('ZREM', P .. 'segments', segment)
  local last, latest, current = match(call('GET', P .. 's') or '', '^(%d+)|(%d+)|(%d+)|')
  if current == segment then call('SET', P .. 's', last .. '|' .. latest .. '|' .. current + 1 .. '|0') end
end

local function write_segments()
  for segment, gone in pairs(gone_by_segment) do
    if call('HINCRBY', P .. 'sn', segment, gone) >= call('LLEN', P .. 'sg:' .. segment) then forget_segment(segment) end
  end
end

local kept = {}

-- Writes the end of a job. Its place (line, loan, park) has been left already. `tail`: '=' and the result,
-- '', or cause and error. `own`: by its own settlement, of which its worker knows; else the end is
-- among the mail for the caller, as { id, state, attempts, cause and error, task, queue, body or '' }.
-- Returns true if others may wait for it.
local function close(id, job, f, code, tail, own)
  local gives = f.y or find(job.flags, 'L', 1, true)
  local keep = code == 's' and (job.m.kr or DAY) or (code ~= 's' and (job.m.kf or MONTH))
  done[#done + 1] = id
  if code ~= 's' and not own then
    local body = call('STRLEN', P .. 'j:' .. id) <= 262144 and call('GET', P .. 'j:' .. id) or ''
    posted[#posted + 1] = { id, code, tostring(f.n or 0), tail, job.m.t, job.q, body }
  end
  if code == 's' and f.o then call('DEL', P .. 'i:' .. id) end
  if code == 's' and keep == 0 and not gives then
    forget(id, job, f)
    return false
  end
  local record = code .. now .. '|' .. (f.l or 0) .. '|' .. (f.f or 0) .. '|' .. (f.n or 0) .. '|' .. (f.st or '') .. '|||' .. tail
  call('HSET', P .. 'ended', id, record)
  count(job.q, code, 1)
  if code == 'f' and sub(tail, 1, 1) ~= 'i' then
    call('ZADD', P .. 'dead', now, id)
    count(job.q, 'd', 1)
  end
  local list = kept[keep]
  if not list then list = {} kept[keep] = list end
  list[#list + 1] = id
  -- A success stays, so its inputs will not be read again.
  facts[id] = code == 's' and { j = f.j, t = f.t, y = f.y } or { j = f.j, t = f.t, y = f.y, x = f.x, o = f.o, k = f.k }
  change(id)
  return gives
end

-- k:<ms>  ended jobs by how long they are kept, in order: time:n, then n ids; and so on
local function write_kept()
  for keep, list in pairs(kept) do
    local key = P .. 'k:' .. format('%.0f', keep)
    for from = 1, #list, PART do
      local to = math.min(from + PART - 1, #list)
      call('RPUSH', key, now .. ':' .. to - from + 1, unpack(list, from, to))
    end
    call('SADD', P .. 'keeps', format('%.0f', keep))
  end
end

local function write()
  write_facts()
  write_segments()
  write_kept()
end
