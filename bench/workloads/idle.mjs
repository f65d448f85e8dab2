import { sleep } from "../measure.mjs";
import { countQueries } from "../servers/postgres.mjs";
import { countCommands } from "../servers/redis.mjs";
import { other } from "./processes.mjs";

const SETTLE_MS = 10_000;

/** Commands or queries per second that an idle worker sends. */
export async function idle(run, { seconds }) {
  const { at } = run;
  const queries = at.store === "postgres" ? await countQueries(at) : undefined;
  const worker = other("work", run);
  await worker.ready();
  await sleep(SETTLE_MS);
  const read = queries === undefined ? await countCommands(at) : await queries.since();
  await sleep(seconds * 1_000);
  const count = await read();
  await worker.stop();
  return { values: { idle: count / seconds }, n: count };
}
