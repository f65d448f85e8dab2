import { Redis } from "ioredis";
import { startRedis } from "../servers/redis.mjs";
import { inTurn, print, timed } from "./probe.mjs";

/*
 * Redis: what it costs that the text of a loan may end in the number of a track, and that a claim has a fence
 * of its own. `node bench/probes/texts.mjs`
 */

const LOOPS = 300_000;
const CLAIMS = 5_000;
const ROUNDS = 15;

const matching = (pattern) => `for i = 1, ${LOOPS} do local a, b, c, d, e = string.match(ARGV[1], '${pattern}') end`;
const TODAY = "^(%d+)|(%d+)|(%d+)|(%d+)|(x?)$";
const TRACK = "^(%d+)|(%d+)|(%d+)|(%d+)|(%w*)$";
const LOAN = "17646240000001|1|0|3|";

const server = await startRedis();
const { url } = await server.fresh();
const redis = new Redis(url);
try {
  const loop = (pattern, loan) => async () => ((await timed(() => redis.eval(matching(pattern), 0, loan))) * 1e6) / LOOPS;
  print({
    figure: "reading one loan",
    unit: "ns",
    ...(await inTurn(
      { today: loop(TODAY, LOAN), "track allowed, none": loop(TRACK, LOAN), "with a track": loop(TRACK, `${LOAN}48213`) },
      ROUNDS,
    )),
  });

  // One claim as it is seen by the server: with a fence that is kept, and without.
  const fence =
    "local last = tonumber(redis.call('GET', KEYS[1]) or '0') local t = redis.call('TIME') local f = math.max(last + 1, t[1] * 1000000 + t[2]) redis.call('SET', KEYS[1], string.format('%.0f', f))";
  const rest = "redis.call('HGET', KEYS[2], 'a') return 1";
  const call = (script) => async () => {
    const sha = await redis.script("LOAD", script);
    await redis.config("RESETSTAT");
    for (let i = 0; i < CLAIMS; i += 100) {
      const pipe = redis.pipeline();
      for (let j = 0; j < 100; j++) pipe.evalsha(sha, 2, "fence", "hash");
      await pipe.exec();
    }
    return Number(/cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(await redis.info("commandstats"))[1]);
  };
  print({
    figure: "one call",
    unit: "µs of the server",
    ...(await inTurn({ "no fence": call(rest), fence: call(`${fence} ${rest}`) }, ROUNDS)),
  });
} finally {
  redis.disconnect();
  await server.stop();
}
