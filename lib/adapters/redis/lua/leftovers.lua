-- Mail that its sender has not delivered: it must have died in between.
--
-- ARGV[4]   older than so many ms
-- Returns   pieces, in the order they were posted
#include base

-- At most so many are read whole; of more, some.
local WHOLE = 1000

local answers, numbers = {}, {}
local function add(pairs)
  for _, text in ipairs(pairs) do
    if sub(text, 1, 1) == '[' then
      local piece = cjson.decode(text)
      if piece[5] < micros / 1000 - ARGV[4] then
        answers[#answers + 1] = text
        numbers[text] = tonumber(piece[3])
      end
    end
  end
end

if call('HLEN', P .. 'outbox') > WHOLE then
  add(call('HSCAN', P .. 'outbox', 0, 'COUNT', 100)[2])
else
  add(call('HGETALL', P .. 'outbox'))
  -- After all that was posted before: a cancel may be for a job that is still on its way.
  if call('HLEN', P .. 'along') > WHOLE then
    add(call('HSCAN', P .. 'along', 0, 'COUNT', 100)[2])
  else
    add(call('HGETALL', P .. 'along'))
  end
end
table.sort(answers, function(a, b) return numbers[a] < numbers[b] end)
return answers
