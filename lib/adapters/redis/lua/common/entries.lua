-- jn:<id>  the journal of a run: number → time and entry as JSON; a number that is taken stays as it is.
local function append(id, f, entries)
  for _, entry in ipairs(entries) do call('HSETNX', P .. 'jn:' .. id, entry[1], now .. ':' .. entry[2]) end
  -- A run that makes progress is no poison: its lapses are forgotten.
  if #entries > 0 and (not f.j or f.l) then
    f.j, f.l = 1, nil
    change(id)
  end
end
