-- Ends that nobody settles: lapsed workers, expired jobs, evicted ones.
--
-- workers  id → number|lease until|since|seen|{info}
-- wno      number → id
-- held     number → jobs it holds
-- holders  numbers that hold any, by lease
-- wc       number → where the search for what it holds has come to

-- Gives back what a worker holds. `lapsed`: its lease ran out, which counts. Looks at a few thousand loans at
-- most; the rest is left to the next.
local function take_back(no, lapsed)
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
        release(id, job, f, loans[k])
        f.n = f.n - 1
        if lapsed then f.l = (f.l or 0) + 1 end
        if lapsed and f.l >= (job.m.ml or 5) then
          end_job(id, job, f, 'f', 'l' .. lapsed_times(f.l))
        else
          enter_line(id, job, f, due_of(job, f))
        end
      end
    end
    if cursor == '0' then break end
  end
  if cursor == '0' then call('HDEL', P .. 'wc', no) else call('HSET', P .. 'wc', no, cursor) end
  return left
end

-- Ends a job whose string is gone, deleted by an eviction policy. It becomes a dead letter, so that the loss
-- shows.
local function end_evicted(id, queue)
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
