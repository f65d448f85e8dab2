import { Redis } from "ioredis";

/**
 * Options of both of BullMQ's stores. Fastest: 100 at once (500 is slower), a short event stream; finished
 * jobs removed where nothing is to be kept. ioredis's auto-pipelining, which its documentation offers, makes
 * it slower.
 */
export const BULLMQ = {
  default: { concurrency: 1 },
  fastest: { concurrency: 100, queue: { streams: { events: { maxLen: 100 } } } },
};

/** A queue and a worker as BullMQ's users make them, over either store. */
export function bullmq({ Queue, Worker }, connection, { concurrency, queue = {} }, { keep }) {
  const defaultJobOptions = keep ? {} : { removeOnComplete: true, removeOnFail: true };
  const open = async () => {
    const opened = new Queue("bench", { connection, defaultJobOptions, ...queue });
    await opened.waitUntilReady();
    return opened;
  };
  return {
    async producer() {
      const opened = await open();
      return {
        add: (data, delay) => opened.add("job", data, delay === undefined ? undefined : { delay }),
        addBulk: (all) => opened.addBulk(all.map((data) => ({ name: "job", data }))),
        close: () => opened.close(),
      };
    },
    async worker(handler) {
      const worker = new Worker("bench", (job) => handler(job.data), { connection, concurrency, autorun: false });
      worker.on("error", (error) => console.error(error.message));
      await worker.waitUntilReady();
      return { start: () => void worker.run(), close: () => worker.close() };
    },
    async counts() {
      const opened = await open();
      const { waiting, active, delayed, completed } = await opened.getJobCounts("waiting", "active", "delayed", "completed");
      await opened.close();
      return { unfinished: waiting + active + delayed, succeeded: completed };
    },
  };
}

/** BullMQ on Redis. A job costs one script call, which also fetches the next job. */
export default {
  name: "bullmq",
  store: "redis",
  package: "bullmq",
  configs: BULLMQ,
  about: {
    default: "one job at a time",
    fastest: "concurrency 100, events maxLen 100; drain-discard with removeOnComplete",
  },
  slow: { default: { drain: 6_000, warm: 2_000 } },
  few: { default: 3 },
  // The defaults differ from the fastest settings in the worker only.
  skips: {
    default: ["enqueue-one", "enqueue-100", "bulk", "drain-200k", "drain-1m", "drain-discard", "drain-slow1", "delay"],
    fastest: ["drain-1m", "idle", "recovery"],
  },
  async open({ host, port, db }, config, options) {
    const connection = { host, port, db };
    const client = new Redis(connection);
    const opened = bullmq(await import("bullmq"), connection, config, options);
    return {
      ...opened,
      left: async () => (await client.llen("bull:bench:wait")) + (await client.llen("bull:bench:active")),
      close: () => client.disconnect(),
    };
  },
};
