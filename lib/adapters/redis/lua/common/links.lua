-- Links: "this job waits for those".
--
-- o:<id>  the jobs that wait for a job, a list of [1 to carry on after a failure, position, shard or '', id
--         of the waiting job]
-- i:<id>  what a job waits for: position → 'o' open, 'd' delivered, 'f' failed, then the input's id; 'l' and
--         the input as JSON where a
--         failure was handed on or the input is in another shard
local SPREAD = 1000
local STATES = { s = 'succeeded', f = 'failed', c = 'cancelled', e = 'expired' }

local function input_of(from, code, tail)
  if code == 's' then return { jobId = from, state = 'succeeded', result = sub(tail, 1, 1) == '=' and sub(tail, 2) or nil } end
  return { jobId = from, state = STATES[code], error = cjson.decode(sub(tail, 2)) }
end

-- Tells a waiting job that its input has ended. A link counts once. Returns the job if it ended of it.
local function arrive_at(to, position, from, code, tail, carries_on, copy)
  local key = P .. 'i:' .. to
  local link = call('HGET', key, position)
  if not link then return nil end
  local job, f = job_of(to)
  if not job then return nil end
  local state = sub(link, 1, 1)
  local good = code == 's' or carries_on
  local text = (copy or code ~= 's') and ('l' .. cjson.encode(input_of(from, code, tail))) or ('d' .. from)
  if state ~= 'o' then
    if copy and state == 'l' and good then call('HSET', key, position, text) end
    return nil
  end
  f.o = f.o - 1
  change(to)
  if good then
    call('HSET', key, position, text)
    if f.s == 'b' and f.o == 0 and (f.k or 0) == 0 then
      count(job.q, 'b', -1)
      enter_line(to, job, f, due_of(job, f))
    end
    return nil
  end
  call('HSET', key, position, 'f' .. from)
  f.k = (f.k or 0) + 1
  if f.s ~= 'b' then return nil end
  count(job.q, 'b', -1)
  local error = input_ended(from, STATES[code], cjson.decode(sub(tail, 2)))
  return close(to, job, f, code == 'c' and 'c' or 'f', 'i' .. error) and to or nil
end

local function each_waiting(id, offset, use)
  local rows = call('LRANGE', P .. 'o:' .. id, offset, offset + SPREAD - 1)
  for _, row in ipairs(rows) do
    local link = cjson.decode(row)
    use(link[4], link[2], link[1] == 1, link[3])
  end
  if #rows == SPREAD then return offset + SPREAD end
end

-- Hands the ends of jobs to the jobs that wait for them, and on to those that wait for these: a worklist,
-- since lines may be long. What is more than one script should do goes on by mail.
local function arrive(list)
  local budget = SPREAD
  while #list > 0 do
    local item = table.remove(list)
    local id, offset = item[1], item[2] or 0
    local over = end_of(id)
    if over then
      if budget <= 0 then
        post(KEYS[1], 'spread', { id, offset })
      else
        local more = each_waiting(id, offset, function(to, position, carries_on, shard)
          budget = budget - 1
          if shard ~= '' then
            post(shard, 'arrive', { to, position, id, over.code, over.tail, carries_on and 1 or 0 })
          else
            local fallen = arrive_at(to, position, id, over.code, over.tail, carries_on)
            if fallen then list[#list + 1] = { fallen } end
          end
        end)
        if more then list[#list + 1] = { id, more } end
      end
    end
  end
end

-- Undoes an end.
local function reopen(id, job, f, over)
  call('HDEL', P .. 'ended', id)
  count(job.q, over.code, -1)
  if call('ZREM', P .. 'dead', id) == 1 then count(job.q, 'd', -1) end
  f.f, f.st, f.n, f.l = tonumber(over.fence), tonumber(over.started), nil, nil
  -- The last failure, unless it is that of an input which will run again.
  f.e = sub(over.tail, 1, 1) ~= 'i' and sub(over.tail, 2) or nil
  change(id)
end

-- One failed link opens again. Returns the job if that set it back to waiting.
local function revive_one(to, position, from)
  local key = P .. 'i:' .. to
  local job, f = job_of(to)
  if not job or call('HGET', key, position) ~= 'f' .. from then return nil end
  call('HSET', key, position, 'o' .. from)
  f.o, f.k = f.o + 1, f.k - 1
  change(to)
  if f.k > 0 then return nil end
  local over = end_of(to)
  if not over or over.code == 's' or sub(over.tail, 1, 1) ~= 'i' then return nil end
  reopen(to, job, f, over)
  f.s = 'b'
  count(job.q, 'b', 1)
  return to
end

-- Opens the failed links of jobs that run again, and sets back what had died of them alone, down the line.
local function revive(list)
  local budget = SPREAD
  while #list > 0 do
    local item = table.remove(list)
    local id, offset = item[1], item[2] or 0
    if budget <= 0 then
      post(KEYS[1], 'revive', { id, offset })
    else
      local more = each_waiting(id, offset, function(to, position, _, shard)
        budget = budget - 1
        if shard ~= '' then
          post(shard, 'revive-one', { to, position, id })
        else
          local back = revive_one(to, position, id)
          if back then list[#list + 1] = { back } end
        end
      end)
      if more then list[#list + 1] = { id, more } end
    end
  end
end

-- Ends a job, and hands that to the jobs that wait for it once the script's own work is done.
local function end_job(id, job, f, code, tail, own)
  if close(id, job, f, code, tail, own) then loose[#loose + 1] = { id } end
end
