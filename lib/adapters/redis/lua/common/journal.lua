-- jn:<id>  the journal of a run: number → time and entry as JSON; a number that is taken stays as it is.
local function write_journal(id, f, entries)
  for _, entry in ipairs(entries) do call('HSETNX', P .. 'jn:' .. id, entry[1], now .. ':' .. entry[2]) end
  if not f.j and #entries > 0 then
    f.j = 1
    change(id)
  end
end
