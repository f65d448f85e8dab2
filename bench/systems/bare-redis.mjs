import { Redis } from "ioredis";

const GROUP = "bench";
const STREAM = "bench:jobs";
const [WAITING, HELD, SEQUENCE] = ["bench:waiting", "bench:held", "bench:sequence"];

/** The hash of each job and its place in line. ARGV: payloads. */
const ADD = `
local last = redis.call('INCRBY', KEYS[1], #ARGV)
local ids = {}
for i = 1, #ARGV do
  local id = last - #ARGV + i
  redis.call('HSET', 'bench:job:' .. id, 'data', ARGV[i])
  ids[i] = id
end
redis.call('RPUSH', KEYS[2], unpack(ids))
return last`;

/**
 * Ends the jobs of the last turn and takes the next. ARGV: how many, deadline, whether to keep, ids that
 * ended.
 */
const TURN = `
for i = 4, #ARGV do
  if ARGV[3] == '1' then redis.call('HSET', 'bench:job:' .. ARGV[i], 'result', 'null') else redis.call('DEL', 'bench:job:' .. ARGV[i]) end
end
if #ARGV > 3 then redis.call('ZREM', KEYS[2], unpack(ARGV, 4)) end
local ids = redis.call('LPOP', KEYS[1], ARGV[1])
if not ids then return {} end
local jobs, held = {}, {}
for i = 1, #ids do
  jobs[2 * i - 1], jobs[2 * i] = ids[i], redis.call('HGET', 'bench:job:' .. ids[i], 'data')
  held[2 * i - 1], held[2 * i] = ARGV[2], ids[i]
end
redis.call('ZADD', KEYS[2], unpack(held))
return jobs`;

const BATCH = 100;

/**
 * What Redis can do at all: `streams` reads 100 entries and acknowledges and deletes them, keeping nothing;
 * `lists` has a hash per job and one script for the end of a batch and the next
 * 100. No retries, leases, delays or events.
 */
export default {
  name: "bare-redis",
  store: "redis",
  bare: "ioredis",
  configs: { streams: { streams: true }, lists: {} },
  about: { streams: "XADD, XREADGROUP of 100, XACK and XDEL: nothing is kept", lists: "a list, a hash per job, one script per 100 jobs" },
  skips: {
    streams: ["drain", "drain-cold", "drain-slow1", "drain-200k", "drain-1m", "delay", "recovery", "idle"],
    lists: ["latency", "delay", "recovery", "idle", "drain-slow1", "drain-1m"],
  },
  async open({ host, port, db }, { streams }, { keep }) {
    const client = new Redis({ host, port, db });
    return streams ? onStreams(client) : onLists(client, keep);
  },
};

function onStreams(client) {
  const entry = (data) => [STREAM, "*", "data", JSON.stringify(data)];
  return {
    prepare: () => client.xgroup("CREATE", STREAM, GROUP, "0", "MKSTREAM"),
    producer: () => ({
      add: (data) => client.xadd(...entry(data)),
      async addBulk(all) {
        const pipeline = client.pipeline();
        for (const data of all) pipeline.xadd(...entry(data));
        await pipeline.exec();
      },
      close: () => {},
    }),
    worker(handler) {
      const reader = client.duplicate();
      const life = { over: false };
      const loop = async () => {
        while (!life.over) {
          const read = await reader.xreadgroup("GROUP", GROUP, "worker", "COUNT", BATCH, "BLOCK", 2_000, "STREAMS", STREAM, ">");
          if (read === null) continue;
          const entries = read[0][1];
          for (const [, [, data]] of entries) await handler(JSON.parse(data));
          const ids = entries.map(([id]) => id);
          void client
            .pipeline()
            .xack(STREAM, GROUP, ...ids)
            .xdel(STREAM, ...ids)
            .exec();
        }
      };
      return {
        start: () => void loop().catch((error) => life.over || console.error(error)),
        close() {
          life.over = true;
          reader.disconnect();
        },
      };
    },
    left: () => client.xlen(STREAM),
    counts: async () => ({ unfinished: await client.xlen(STREAM) }),
    close: () => client.disconnect(),
  };
}

function onLists(client, keep) {
  client.defineCommand("add", { numberOfKeys: 2, lua: ADD });
  client.defineCommand("turn", { numberOfKeys: 2, lua: TURN });
  const unfinished = async () => (await client.llen(WAITING)) + (await client.zcard(HELD));
  return {
    producer: () => ({
      add: (data) => client.add(SEQUENCE, WAITING, JSON.stringify(data)),
      addBulk: (all) => client.add(SEQUENCE, WAITING, ...all.map((data) => JSON.stringify(data))),
      close: () => {},
    }),
    worker(handler) {
      const life = { over: false };
      const loop = async () => {
        let ended = [];
        while (!life.over) {
          const jobs = await client.turn(WAITING, HELD, BATCH, Date.now() + 30_000, keep ? "1" : "0", ...ended);
          ended = [];
          for (let i = 0; i < jobs.length; i += 2) {
            await handler(JSON.parse(jobs[i + 1]));
            ended.push(jobs[i]);
          }
          if (jobs.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
      };
      return { start: () => void loop().catch((error) => life.over || console.error(error)), close: () => void (life.over = true) };
    },
    left: unfinished,
    counts: async () => ({ unfinished: await unfinished() }),
    close: () => client.disconnect(),
  };
}
