-- What the inputs of a job left: one page.
--
-- ARGV[4]   job id      ARGV[5]  first position      ARGV[6]  how many
-- Returns   per position: link, end of the input or ''
#include base

local places = {}
for k = 1, tonumber(ARGV[6]) do places[k] = ARGV[5] + k - 1 end
local links, ids, at = call('HMGET', P .. 'i:' .. ARGV[4], unpack(places)), {}, {}
local answers = {}
for k = 1, #places do
  local link = links[k]
  if link then
    answers[#answers + 1] = link
    answers[#answers + 1] = ''
    local from = sub(link, 1, 1) == 'l' and cjson.decode(sub(link, 2)).jobId or sub(link, 2)
    ids[#ids + 1] = from
    at[#at + 1] = #answers
  end
end
if #ids > 0 then
  for k, text in ipairs(call('HMGET', P .. 'ended', unpack(ids))) do answers[at[k]] = text or '' end
end
return answers
