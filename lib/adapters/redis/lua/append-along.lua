-- As append.lua, where more than entries travels along.
--
-- ARGV[4..] per write: job id, fence, JSON of entries, note and how much travels along, and what
--           common/along.lua says
-- Returns   ids whose lease had gone, mail
#include base parts jobs failures links store park entries notes events change along

library = { write = write }
local lost, ids, writes, i = {}, {}, {}, 4
while i <= #ARGV do
  local s = cjson.decode(ARGV[i + 2])
  ids[#ids + 1] = ARGV[i]
  writes[#writes + 1] = { ARGV[i], ARGV[i + 1], s, i + 3 }
  i = i + 3 + length_along(s)
end
load(ids)
for _, one in ipairs(writes) do
  local id, fence, s, from = unpack(one)
  local loan = loan_of(id)
  local job, f = job_of(id)
  if job and loan and loan.fence == fence then
    if s.journal then append(id, f, s.journal) end
    if s.note then take_note(id, f, s.note) end
    if s.journal or s.note then
      -- From now on settling it takes more than the plain way.
      if not loan.rich then call('HSET', P .. 'active', id, call('HGET', P .. 'active', id) .. 'x') end
    end
    carry_out(ARGV, from, s)
  else
    lost[#lost + 1] = id
  end
end
arrive(loose)
finish()
return { lost, posted }
