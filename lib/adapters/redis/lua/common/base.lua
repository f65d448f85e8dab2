-- What every script begins with: the shard, the time, and what is gathered while a script runs and written
-- once at its end. Kept small: a script makes its functions anew at every call, which costs more than what
-- most calls do; so the plain way needs few, and the rest is in a library that a script makes when it meets a
-- job that is not plain.
--
-- KEYS[1]  the shard's tag, such as {stem}; every key of a shard begins with it, so that a cluster keeps them
--          together
-- ARGV[1]  the time in ms, for tests; '' for the server's own
-- ARGV[2]  the caller's tag, so that it can ignore its own hints
-- ARGV[3]  's' or 'c' (one server, or a cluster) and the tag of the home shard
local P, call = KEYS[1] .. ':', redis.call
local sub, find, match, format = string.sub, string.find, string.match, string.format
local clock = call('TIME')
local micros = clock[1] * 1000000 + clock[2]
local now = ARGV[1] == '' and math.floor(micros / 1000) or tonumber(ARGV[1])
local home = sub(ARGV[3], 2)

-- Lua can hand a few thousand values to one call, so lists go in parts.
local PART = 2000

-- fence|attempt|started|worker number|x. Every job on loan carries this, so it is short: where the fence
-- tells the moment the loan began, which is its tenth but in tests, that moment is kept as 0.
local LOAN = '^(%d+)|(%d+)|(%d+)|(%d+)|(x?)$'
local function start_by(fence) return math.floor(fence / 10) == now and '0' or now end
local function started_at(started, fence) return started == '0' and format('%.0f', math.floor(fence / 10)) or started end

-- Differences to the counters of queues (n:<queue>: r ready, a active, b blocked, p parked, s f c e ended, d
-- dead letters) and to the jobs held by number of worker; hints; mail to other shards, kept until the
-- process that runs the script has delivered it; ended jobs whose links are to be followed.
local counters, held, work, done, posted, loose = {}, {}, {}, {}, {}, {}

-- The library, once it is made, has more to write.
local library = nil

local function count(queue, what, by)
  local of = counters[queue]
  if not of then
    of = {}
    counters[queue] = of
  end
  of[what] = (of[what] or 0) + by
end

-- Hints may be lost, so nothing fails for one: what was written before stays, and the caller would be told
-- that it was not.
local function publish(kind, text)
  redis.pcall('PUBLISH', home .. ':hint:' .. kind, ARGV[2] .. text)
end

local function write_held()
  for no, by in pairs(held) do
    if by ~= 0 then
      local left = call('HINCRBY', P .. 'held', no, by)
      if left <= 0 then
        call('HDEL', P .. 'held', no)
        call('ZREM', P .. 'holders', no)
      elseif left == by then
        local id = call('HGET', P .. 'wno', no)
        local worker = id and call('HGET', P .. 'workers', id)
        call('ZADD', P .. 'holders', worker and match(worker, '^%d+|(%d+)|') or 0, no)
      end
    end
  end
  held = {}
end

local function finish()
  if library then library.write() end
  write_held()
  for queue, of in pairs(counters) do
    local key, gone = P .. 'n:' .. queue, false
    for what, by in pairs(of) do
      if by ~= 0 and call('HINCRBY', key, what, by) <= 0 then
        call('HDEL', key, what)
        gone = true
      end
    end
    if gone then
      local known = call('HGET', P .. 'q', queue) or ''
      -- Nothing ready: what lies in the lists is void.
      if find(known, 'v', 1, true) and call('HEXISTS', key, 'r') == 0 and call('DEL', P .. 'v:' .. queue) == 1 then
        for level = 0, 9 do call('DEL', P .. 'l:' .. level .. ':' .. queue) end
      end
      if not find(known, 'p', 1, true) and call('EXISTS', key) == 0 then call('HDEL', P .. 'q', queue) end
    end
  end
  if next(work) then
    local queues = {}
    for queue in pairs(work) do queues[#queues + 1] = queue end
    publish('work', cjson.encode(queues))
  end
  -- Ids are listed only if there are listeners: to put a thousand of them together for none would cost more
  -- than all the rest.
  if #done > 0 then
    if sub(ARGV[3], 1, 1) == 'c' then
      publish('done', #done <= 100 and cjson.encode(done) or '')
    elseif (redis.pcall('PUBSUB', 'NUMSUB', home .. ':hint:done')[2] or 1) > 0 then
      publish('done', cjson.encode(done))
    end
  end
end
