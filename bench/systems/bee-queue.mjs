import { Redis } from "ioredis";

/** bee-queue on Redis. A job costs three round trips: a blocking move, a read, a transaction. */
export default {
  name: "bee-queue",
  store: "redis",
  package: "bee-queue",
  configs: {
    default: { concurrency: 1 },
    fastest: { concurrency: 500, queue: { storeJobs: false, getEvents: false, sendEvents: false } },
  },
  about: {
    default: "one job at a time",
    fastest: "concurrency 500, storeJobs, getEvents and sendEvents off; drain-discard with removeOnSuccess",
  },
  slow: { default: { drain: 6_000, warm: 2_000 } },
  few: { default: 3 },
  skips: {
    default: ["enqueue-one", "drain-200k", "drain-1m", "drain-discard", "drain-slow1", "delay"],
    fastest: ["drain-1m", "idle", "recovery"],
  },
  async open({ host, port, db }, { concurrency, queue = {} }, { keep }) {
    const { default: Queue } = await import("bee-queue");
    const client = new Redis({ host, port, db });
    const open = async (more) => {
      const opened = new Queue("bench", {
        redis: { host, port, db },
        ...queue,
        ...(keep ? {} : { removeOnSuccess: true, removeOnFailure: true }),
        ...more,
      });
      opened.on("error", (error) => console.error(error.message));
      await opened.ready();
      return opened;
    };
    return {
      async producer() {
        const opened = await open({ isWorker: false });
        return {
          add(data, delay) {
            const job = opened.createJob(data);
            if (delay !== undefined) job.delayUntil(Date.now() + delay);
            return job.save();
          },
          async addBulk(all) {
            const errors = await opened.saveAll(all.map((data) => opened.createJob(data)));
            if (errors.size > 0) throw [...errors.values()][0];
          },
          close: () => opened.close(),
        };
      },
      async worker(handler) {
        const opened = await open({ activateDelayedJobs: true });
        return {
          start() {
            opened.process(concurrency, async (job) => handler(job.data));
            // Its documentation says to; otherwise a dead worker's jobs are not taken back.
            opened.checkStalledJobs(5_000);
          },
          close: () => opened.close(),
        };
      },
      left: async () => (await client.llen("bq:bench:waiting")) + (await client.llen("bq:bench:active")),
      async counts() {
        const [waiting, active, delayed, succeeded] = await Promise.all([
          client.llen("bq:bench:waiting"),
          client.llen("bq:bench:active"),
          client.zcard("bq:bench:delayed"),
          client.scard("bq:bench:succeeded"),
        ]);
        return { unfinished: waiting + active + delayed, succeeded };
      },
      close: () => client.disconnect(),
    };
  },
};
