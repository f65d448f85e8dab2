-- Writes how deliveries ended and, if asked, lends the next jobs.
--
-- ARGV[4]   number of plain groups; each: queue, ms to keep, segment (when kept 0 ms) or '', 1 if results
--           follow, number of fences, how many; then fences
--           and how many each; then ids, or ids and results. Plain: succeeded, no job waits for it, no
--           journal in the settlement
-- then      number of other settlements; each: id, fence, JSON, and what common/along.lua says
-- then      what claim takes, or nothing
-- Returns   ids whose lease had gone, mail; and what claim returns in front, when it was asked
#include base claim

local A, lost, others = ARGV, {}, {}
local gone = {}

local function make()
  if library then return library end
  #include parts jobs failures links store park entries notes lapse lend events change along body anew settlements
  library = { write = write, arrive = arrive, take_back = take_back, lend_queue = lend_queue, end_evicted = end_evicted, settle_others = settle_others, forget_segment = forget_segment }
  return library
end

-- Plain successes, in a few calls for all of them. Jobs that turn out not to be plain are put into `others`.
local function settle_group(i, queue, keep, segment, with, parts, n)
  local ids, results, part, till = {}, nil, i - 2, 0
  i = i + 2 * parts
  if with then
    results = {}
    for k = 1, n do
      ids[k] = A[i + 2 * k - 2]
      results[k] = A[i + 2 * k - 1]
    end
  else
    for k = 1, n do ids[k] = A[i + k - 1] end
  end
  local found = call('HMGET', P .. 'active', unpack(ids))
  -- Jobs of one claim have the same text, so its parts are looked at once.
  local fences, holders, texts, counts, ok, records = {}, {}, {}, {}, {}, {}
  local m, last, given, is, text = 0, nil, nil, nil, nil
  for k = 1, n do
    if k > till then
      part = part + 2
      till = till + A[part + 1]
      given = A[part]
    end
    local loan, id = found[k], ids[k]
    if loan ~= last then
      last = loan
      if loan and not fences[loan] then
        local fence, attempt, started, no, rich = match(loan, LOAN)
        fences[loan], holders[loan], counts[loan] = fence or '', no, 0
        if rich == '' then
          -- Without the fence, which is long: a success is never lent again.
          texts[loan] = 's' .. now .. '|0|0|' .. attempt .. '|' .. started_at(started, fence) .. '|' .. no .. '|' .. (with and '|=' or '|')
        end
      end
      is, text = loan and fences[loan], loan and texts[loan]
    end
    if is ~= given then
      lost[#lost + 1] = id
    elseif text then
      m = m + 1
      ok[m] = id
      counts[loan] = counts[loan] + 1
      records[2 * m - 1] = id
      records[2 * m] = with and text .. results[k] or text
    else
      others[#others + 1] = { id, given, { as = 'succeeded', result = with and results[k] or nil } }
    end
  end
  if m == 0 then return end
  for loan, by in pairs(counts) do if by > 0 then held[holders[loan]] = (held[holders[loan]] or 0) - by end end
  call('HDEL', P .. 'active', unpack(ok))
  count(queue, 'a', -m)
  if keep == '0' then
    local keys = {}
    for k = 1, m do keys[k] = P .. 'j:' .. ok[k] end
    call('DEL', unpack(keys))
    gone[segment] = (gone[segment] or 0) + m
  else
    call('HSET', P .. 'ended', unpack(records))
    if call('RPUSH', P .. 'k:' .. keep, now .. ':' .. m, unpack(ok)) == m + 1 then call('SADD', P .. 'keeps', keep) end
    count(queue, 's', m)
  end
  if #done == 0 then done = ok else for k = 1, m do done[#done + 1] = ok[k] end end
end

local i = 5
for _ = 1, tonumber(A[4]) do
  local n, parts, with = tonumber(A[i + 5]), tonumber(A[i + 4]), A[i + 3] == '1'
  settle_group(i + 6, A[i], A[i + 1], A[i + 2], with, parts, n)
  i = i + 6 + 2 * parts + (with and 2 * n or n)
end
if #others > 0 or A[i] ~= '0' then i = make().settle_others(A, i, lost, others) else i = i + 1 end
if next(gone) then
  for segment, n in pairs(gone) do
    if call('HINCRBY', P .. 'sn', segment, n) >= call('LLEN', P .. 'sg:' .. segment) then
      -- Nothing of it is left: the library knows how to remove it.
      make().forget_segment(segment)
    end
  end
end
if i > #A then
  if #loose > 0 then make().arrive(loose) end
  finish()
  return { lost, posted }
end
-- Inputs that have ended make others ready, which may be lent at once.
if #loose > 0 then make().arrive(loose) end
local lapsed, future = lend(A, i, make)
if #loose > 0 then make().arrive(loose) end
finish()
return { tostring(now), lapsed, future and format('%.0f', future) or '', table.concat(lent, '\n'), table.concat(bodies), extras, fence or 0, lost, posted }
