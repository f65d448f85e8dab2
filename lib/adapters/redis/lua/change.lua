-- Changes jobs: ends them, makes them ready again, forgets them, or moves them.
--
-- ARGV[4]   the change as JSON: to; error, the failure to leave, as JSON · delay, length of the payload in
--           UTF-16 units · priority, due, queue as it is written in a meta
-- ARGV[5]   the payload to be ready with, if there is a length
-- ARGV[6]   '' or a filter as JSON: jobs that do not fit it are left alone
-- ARGV[7..] ids
-- Returns   per id what came of it and what it was: '' for one that does not fit, 'changed', or why not, then
--           a state or ''; mail
#include base parts jobs failures links park change body

local to = cjson.decode(ARGV[4])
local filter = ARGV[6] ~= '' and cjson.decode(ARGV[6])

-- What a job is now: its state, how it ended if it has, and its loan if it is lent.
local function stand_of(id, f)
  local over = end_of(id)
  if over then return STATES[over.code], over end
  local loan = loan_of(id)
  return loan and 'active' or f.s == 'b' and 'blocked' or f.s == 'p' and 'parked' or 'ready', nil, loan
end

local function fits(job, f, was, over)
  if filter.state and was ~= filter.state then return false end
  if filter.delayed ~= nil and filter.delayed ~= (was == 'ready' and due_of(job, f) > now) then return false end
  if filter.task and job.m.t ~= filter.task then return false end
  if filter.queue and job.q ~= filter.queue then return false end
  if filter.group and job.m.g ~= filter.group then return false end
  if filter.dead and not (over and over.code == 'f' and sub(over.tail, 1, 1) ~= 'i') then return false end
  return not filter.before or (over and tonumber(over.at) < filter.before)
end

-- Takes a job that waits from wherever it stands.
local function leave(id, job, f, was)
  if was == 'blocked' then
    count(job.q, 'b', -1)
  elseif was == 'parked' then
    stop_waiting(id, job, f)
  else
    leave_line(id, job)
  end
end

-- Where a JSON string ends that begins at a place.
local function after_string(text, from)
  local at = find(text, '["\\]', from + 1)
  while sub(text, at, at) ~= '"' do at = find(text, '["\\]', at + 2) end
  return at + 1
end

-- A meta with another queue or priority: task, queue and priority come first, in this order, and the text of
-- the rest is as it was. One that begins otherwise (`end_evicted` of lapse.lua) has no rest.
local function placed(meta, queue, priority)
  if sub(meta, 1, 5) ~= '{"t":' then
    local m = cjson.decode(meta)
    meta = '{"t":' .. cjson.encode(m.t) .. ',"q":' .. cjson.encode(m.q) .. '}'
  end
  local task_to = after_string(meta, 6)
  local queue_to = after_string(meta, task_to + 5)
  local rest = string.gsub(sub(meta, queue_to), '^,"p":%d+', '')
  queue = queue or sub(meta, task_to + 5, queue_to - 1)
  return sub(meta, 1, task_to + 4) .. queue .. (priority ~= 0 and ',"p":' .. priority or '') .. rest
end

local to_revive = {}
local CHANGES = {
  cancelled = function(id, _, _, _, over)
    if over then return 'ended' end
    cancel(id, to.error)
    return 'changed'
  end,
  ready = function(id, job, f, _, over)
    if not over then return 'unfinished' end
    if over.code == 's' then return 'ended' end
    if (f.k or 0) > 0 then return 'input' end
    reopen(id, job, f, over)
    if to.length then job = write_body(id, function(_, meta) return format('%.0f', to.length), meta, ARGV[5] end) end
    -- It starts late by the wish of a person, so it does not expire any more.
    if expiry_of(job) then f.x = 1 end
    local blocked = (f.o or 0) > 0
    if to.delay or not blocked then f.d = now + (to.delay or 0) end
    if blocked then
      f.s = 'b'
      count(job.q, 'b', 1)
    else
      enter_line(id, job, f, f.d)
    end
    if f.y or find(job.flags, 'L', 1, true) then to_revive[#to_revive + 1] = { id } end
    return 'changed'
  end,
  moved = function(id, job, f, was, over)
    if over then return 'ended' end
    if was ~= 'ready' then return was == 'active' and 'running' or 'waiting' end
    leave_line(id, job)
    if to.priority or to.queue then
      job = write_body(id, function(length, meta, payload) return length, placed(meta, to.queue, to.priority or job.p), payload end)
    end
    if to.due then f.d = to.due end
    enter_line(id, job, f, due_of(job, f))
    return 'changed'
  end,
}

-- Whether an unfinished job waits for this one, or will be handed its end. What an ended job left to other
-- shards has been sent there.
local function is_waited_for(id, job, f, over)
  if not f.y and not find(job.flags, 'L', 1, true) then return false end
  for _, row in ipairs(call('LRANGE', P .. 'o:' .. id, 0, -1)) do
    local link = cjson.decode(row)
    if link[3] ~= '' then
      if not over then return true end
    elseif call('EXISTS', P .. 'j:' .. link[4]) == 1 and call('HEXISTS', P .. 'ended', link[4]) == 0 then
      return true
    end
  end
  return false
end

function CHANGES.forgotten(id, job, f, was, over, loan)
  if loan then return 'running' end
  if is_waited_for(id, job, f, over) then return 'needed' end
  local code = over and over.code or 'c'
  if not over then
    leave(id, job, f, was)
    close(id, job, f, 'c', '-' .. to.error)
  end
  forget(id, job, facts[id], code, code == 'f')
  return 'changed'
end

local ids, left, answers = { unpack(ARGV, 7) }, {}, {}
load(ids)
for k, id in ipairs(ids) do
  left[k] = k
  answers[k] = { filter and '' or 'unknown', '' }
end
-- Dependants were mostly stored after what they wait for: from the last to the first, and again while that
-- makes others free.
if to.to == 'forgotten' then
  local function number(k) return jobs[ids[k]] and jobs[ids[k]].seq or 0 end
  table.sort(left, function(a, b) return number(a) > number(b) end)
end
local before = #left + 1
while #left > 0 and #left < before do
  before = #left
  local again = {}
  for _, k in ipairs(left) do
    local id = ids[k]
    local job, f = job_of(id)
    if job and not is_gone(id, job, f) then
      local was, over, loan = stand_of(id, f)
      if not filter or fits(job, f, was, over) then
        answers[k] = { CHANGES[to.to](id, job, f, was, over, loan), was }
        if answers[k][1] == 'needed' then again[#again + 1] = k end
      end
    end
  end
  left = again
end
revive(to_revive)
arrive(loose)
write()
finish()
return { answers, posted }
