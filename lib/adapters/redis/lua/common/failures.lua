-- What a store writes by itself when a job ends without its handler's doing: as in contract/failures.ts, to
-- the letter.
local HOW = { failed = 'failed', cancelled = 'was cancelled', expired = 'expired' }

-- A time as Date.toISOString writes it. The day by H. Hinnant, "chrono-compatible low-level date algorithms".
local function iso(ms)
  local floor = math.floor
  local seconds = floor(ms / 1000)
  local days = floor(seconds / 86400)
  local rest = seconds - days * 86400
  local shifted = days + 719468
  local era = floor(shifted / 146097)
  local doe = shifted - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local month = floor((5 * doy + 2) / 153)
  local day = doy - floor((153 * month + 2) / 5) + 1
  month = month < 10 and month + 3 or month - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day, floor(rest / 3600), floor(rest / 60) % 60, rest % 60, ms % 1000)
end

local function expired_at(at)
  return cjson.encode({ name = 'ExpiredError', code = 'STEM_JOB_EXPIRED', message = 'It had not started by ' .. iso(at) .. '.' })
end

local function lapsed_times(n)
  local times = n == 1 and 'once' or n .. ' times'
  return cjson.encode({ name = 'LapsedError', code = 'STEM_JOB_LAPSED', message = 'Its worker died or lost its lease ' .. times .. '.' })
end

local function input_ended(id, state, error)
  local first = error.code == 'STEM_JOB_INPUT' and error.cause or error
  return cjson.encode({
    name = 'InputError',
    code = 'STEM_JOB_INPUT',
    message = 'Its input "' .. id .. '" ' .. HOW[state] .. ': ' .. first.message,
    cause = { name = first.name, message = first.message, code = first.code },
  })
end
