-- A new life of a job, which has left its worker. A meta holds its fields in one order (see rows.ts).
local BEFORE, AFTER = { 'p', 'kr', 'kf', 'ml' }, { 'du', 'de', 'ea', 'ei' }

local function meta_with(m, headers)
  local parts = { '{"t":' .. cjson.encode(m.t) .. ',"q":' .. cjson.encode(m.q) }
  local function add(names)
    for _, name in ipairs(names) do
      if m[name] then parts[#parts + 1] = format(',"%s":%.0f', name, m[name]) end
    end
  end
  add(BEFORE)
  if headers then parts[#parts + 1] = ',"h":' .. headers end
  if m.g then parts[#parts + 1] = ',"g":' .. cjson.encode(m.g) end
  add(AFTER)
  return table.concat(parts) .. '}'
end

-- `s`: payload, its length in UTF-16 units, and headers as JSON or nil.
local function begin_anew(id, job, f, s)
  job = write_body(id, function() return format('%.0f', s.length), meta_with(job.m, s.headers), s.payload end)
  call('DEL', P .. 'jn:' .. id)
  if f.t then call('DEL', P .. 'nt:' .. id, P .. 'lg:' .. id) end
  f = { f = f.f + 1, y = f.y, o = f.o, k = f.k, d = now, x = expiry_of(job) and 1 or nil }
  facts[id] = f
  enter_line(id, job, f, now)
end
