-- Small tools of the library.
local function each_part(list, use)
  local n = #list
  for from = 1, n, PART do use(unpack(list, from, from + PART - 1 < n and from + PART - 1 or n)) end
end

local function hold(no, by)
  held[no] = (held[no] or 0) + by
end

-- Mail to another shard, or to this one for later. `box`: where it is kept until it has been delivered. What
-- a process of before 0.2 does not know stands in `along`, where it does not look: it would take the mail and
-- fail at it.
local function post(shard, kind, data, box)
  local no = call('INCR', P .. 'mail')
  local text = cjson.encode({ shard, kind, tostring(no), data, math.floor(micros / 1000) })
  call('HSET', P .. (box or 'outbox'), no, text)
  posted[#posted + 1] = text
end
