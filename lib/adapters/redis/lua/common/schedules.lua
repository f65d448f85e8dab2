-- Whose a schedule is; '' for one made at run time. Version 0.1 says nothing of owners.
local function owner_of(s) return s.dynamic and '' or s.owner or 'app' end

-- The schedules of an owner that will be due, by when.
local function index_of(owner) return owner == '' and P .. 'sd' or P .. 'so:' .. owner end

-- The score of a schedule in the index of its owner; nil: it is not to be there.
local function score_of(s) return not s.paused and s.nextAt or nil end

local function save(id, s)
  call('HSET', P .. 'sc', id, cjson.encode(s))
  local score = score_of(s)
  if score then
    call('ZADD', index_of(owner_of(s)), score, id)
  else
    call('ZREM', index_of(owner_of(s)), id)
  end
end
