-- What travels along with a settlement or a write to a journal, but for the entries, under a lease that was
-- good. What is for other shards goes by mail.
--
-- s      says how much there is: enqueue (arguments), emit (events), cancel (jobs)
-- A[i]   then jobs as common/store.lua says, events as common/events.lua says, and per job to cancel: id, its
--        shard or '' for this one, the failure to leave, as JSON
local function length_along(s)
  return (s.enqueue or 0) + 5 * (s.emit or 0) + 3 * (s.cancel or 0)
end

local function carry_out(A, i, s)
  if s.enqueue then
    store(A, i)
    i = i + s.enqueue
  end
  if s.emit then
    local n = 5 * s.emit
    if KEYS[1] == home then
      emit(A, i, s.emit, {}, {})
    else
      local part = {}
      for k = 1, n do part[k] = A[i + k - 1] end
      post(home, 'emit', part, 'along')
    end
    i = i + n
  end
  if not s.cancel then return end
  local elsewhere = {}
  for k = i, i + 3 * s.cancel - 3, 3 do
    local id, shard, error = A[k], A[k + 1], A[k + 2]
    if shard == '' then
      cancel(id, error)
    else
      local list = elsewhere[shard] or {}
      elsewhere[shard] = list
      list[#list + 1] = id
      list[#list + 1] = error
    end
  end
  for shard, list in pairs(elsewhere) do post(shard, 'cancel', list, 'along') end
end
