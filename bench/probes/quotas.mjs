import { Redis } from "ioredis";
import { startRedis } from "../servers/redis.mjs";
import { inTurn, print } from "./probe.mjs";

/*
 * Redis: what a claim costs that looks at 50 tracks with two quotas each, beside one that looks at none;
 * goal: at most 0.3 ms more. `node bench/probes/quotas.mjs`
 */

const TRACKS = 50;
const CALLS = 400;
const ROUNDS = 11;

// For each track in the ring, by turn, what its quotas leave free; then quotas and turns are written once.
const CLAIM = `
local now = redis.call('TIME')[1] * 1000
local room, ring = 100, redis.call('ZRANGE', KEYS[1], 0, ${TRACKS - 1}, 'WITHSCORES')
local quantum = math.max(1, math.floor(room * 2 / #ring))
local names = {}
for i = 1, #ring, 2 do names[#names + 1] = ring[i] end
local tracks = redis.call('HMGET', KEYS[2], unpack(names))
local wanted, known = {}, {}
for i, text in ipairs(tracks) do
  for name in string.gmatch(text, '[^,]+') do
    if not known[name] then known[name] = true wanted[#wanted + 1] = name end
  end
end
local quotas = {}
for i, text in ipairs(redis.call('HMGET', KEYS[3], unpack(wanted))) do
  local used, most, tat, every, burst = string.match(text, '(%d+)|(%d+)|(%d+)|(%d+)|(%d+)')
  quotas[wanted[i]] = { tonumber(used), tonumber(most), tonumber(tat), tonumber(every), tonumber(burst) }
end
local turns = {}
for i, text in ipairs(tracks) do
  local take = math.min(room, quantum)
  for name in string.gmatch(text, '[^,]+') do
    local q = quotas[name]
    take = math.min(take, q[2] - q[1], math.floor((q[5] * q[4] - math.max(0, q[3] - now)) / q[4]))
  end
  if take > 0 then
    room = room - take
    for name in string.gmatch(text, '[^,]+') do
      local q = quotas[name]
      q[1], q[3], q[6] = q[1] + take, math.max(q[3], now) + take * q[4], true
    end
    turns[#turns + 1] = ring[i * 2] + take
    turns[#turns + 1] = names[i]
  end
  if room <= 0 then break end
end
local changed = {}
for name, q in pairs(quotas) do
  if q[6] then changed[#changed + 1] = name changed[#changed + 1] = string.format('%.0f|%.0f|%.0f|%.0f|%.0f', q[1], q[2], q[3], q[4], q[5]) end
end
if #changed > 0 then redis.call('HSET', KEYS[3], unpack(changed)) redis.call('ZADD', KEYS[1], unpack(turns)) end
return room`;

const server = await startRedis();
const { url } = await server.fresh();
const redis = new Redis(url);
try {
  for (let track = 0; track < TRACKS; track++) {
    await redis.zadd("ring", 0, String(track));
    await redis.hset("tk", String(track), `tenant:${track},smtp:${track % 10}`);
    await redis.hset("qt", `tenant:${track}`, "0|1000000000|0|1|1000000000", `smtp:${track % 10}`, "0|1000000000|0|1|1000000000");
  }
  const calls = (script) => async () => {
    const sha = await redis.script("LOAD", script);
    await redis.config("RESETSTAT");
    for (let i = 0; i < CALLS; i++) await redis.evalsha(sha, 3, "ring", "tk", "qt");
    return Number(/cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(await redis.info("commandstats"))[1]);
  };
  print({
    figure: `one claim over ${TRACKS} tracks with two quotas each`,
    unit: "µs of the server",
    ...(await inTurn({ "looks at nothing": calls("return redis.call('ZCARD', KEYS[1])"), quotas: calls(CLAIM) }, ROUNDS)),
  });
} finally {
  redis.disconnect();
  await server.stop();
}
