-- Waiting for events, and what ends it. The events are in the home shard, with who waits for them.
--
-- ev                      event id → JSON
-- en:<name>, ek:<topic>   event ids by number
-- er                      event ids by the time they are kept until
-- es                      the last number
-- w:<topic>  who waits: [shard, job id, fence]       d:<queue>  parked jobs by deadline
-- One text for a name and a key, different for different pairs.
local function topic(name, key)
  return #name .. ':' .. name .. key
end

local function waiter(id, f)
  return cjson.encode({ KEYS[1] == home and '' or KEYS[1], id, f.f })
end

local function stop_waiting(id, job, f)
  count(job.q, 'p', -1)
  if f.dl then call('ZREM', P .. 'd:' .. job.q, id) end
  if not f.ws then return end
  if KEYS[1] ~= home then return post(home, 'unwait', { waiter(id, f), f.ws }) end
  for _, about in ipairs(f.ws) do call('SREM', P .. 'w:' .. about, waiter(id, f)) end
end

-- Makes a parked job ready, with the reason.
local function wake(id, job, f, why, due)
  stop_waiting(id, job, f)
  f.w, f.d = why, due
  enter_line(id, job, f, due)
end

-- The earliest stored event that one of the waits asks for, as a wake.
local function stored_wake(waits)
  local best, best_id = nil, nil
  for _, wait in ipairs(waits) do
    local found = call('ZRANGEBYSCORE', P .. 'ek:' .. topic(wait.name, wait.key), '(' .. wait.after, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if found[1] and (not best or tonumber(found[2]) < best) then best, best_id = tonumber(found[2]), found[1] end
  end
  if not best then return nil end
  local event = cjson.decode(call('HGET', P .. 'ev', best_id))
  return cjson.encode({ by = 'event', name = event.name, key = event.key, seq = event.seq, payload = event.payload })
end

-- Parks a job that has left its worker, or makes it ready if one of its events has come already.
local function park(id, job, f, waits, deadline)
  if KEYS[1] == home then
    local why = stored_wake(waits)
    if why then
      f.w, f.d = why, now
      return enter_line(id, job, f, now)
    end
  end
  f.s = 'p'
  count(job.q, 'p', 1)
  change(id)
  if #waits > 0 then
    f.ws = {}
    for i, wait in ipairs(waits) do f.ws[i] = topic(wait.name, wait.key) end
    if KEYS[1] == home then
      for _, about in ipairs(f.ws) do call('SADD', P .. 'w:' .. about, waiter(id, f)) end
    else
      post(home, 'wait', { waiter(id, f), waits, f.ws })
    end
  end
  if deadline then
    f.dl = deadline
    call('ZADD', P .. 'd:' .. job.q, deadline, id)
    know(job.q, 'd')
  end
end

local SWEEP = 200

-- Wakes what has waited long enough.
local function wake_overdue(queue)
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
