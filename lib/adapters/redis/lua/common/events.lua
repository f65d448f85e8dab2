-- Stores events and makes the jobs that wait for them ready; in the home shard only.
--
-- A[from..] n events, each: id, name, key, ms to keep, '' or '=' and the payload. Adds ids that were stored
--           already to `duplicates`, and ids of the jobs made ready in this shard to `woken`.
local function emit(A, from, n, duplicates, woken)
  for k = from, from + 5 * n - 5, 5 do
    local id, name, key, keep = A[k], A[k + 1], A[k + 2], tonumber(A[k + 3])
    local payload = A[k + 4] ~= '' and sub(A[k + 4], 2) or nil
    if call('HEXISTS', P .. 'ev', id) == 1 then
      duplicates[#duplicates + 1] = id
    else
      local seq = call('INCR', P .. 'es')
      local about = topic(name, key)
      local why = cjson.encode({ by = 'event', name = name, key = key, seq = seq, payload = payload })
      for _, text in ipairs(call('SMEMBERS', P .. 'w:' .. about)) do
        local waiting = cjson.decode(text)
        if waiting[1] ~= '' then
          call('SREM', P .. 'w:' .. about, text)
          post(waiting[1], 'wake', { waiting[2], waiting[3], why })
        else
          local job, f = job_of(waiting[2])
          if job and f.s == 'p' and f.f == waiting[3] then
            wake(waiting[2], job, f, why, now)
            woken[#woken + 1] = waiting[2]
          else
            call('SREM', P .. 'w:' .. about, text)
          end
        end
      end
      if keep > 0 then
        call('HSET', P .. 'ev', id, cjson.encode({ seq = seq, name = name, key = key, at = now, payload = payload }))
        call('ZADD', P .. 'en:' .. name, seq, id)
        call('ZADD', P .. 'ek:' .. about, seq, id)
        call('ZADD', P .. 'er', now + keep, id)
      end
    end
  end
end
