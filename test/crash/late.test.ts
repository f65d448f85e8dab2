import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { Stem } from "../../lib/core/client/stem.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import type { JobHandle } from "../../lib/core/client/face.js";
import { figures, type Fleet, type Member, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const TIME = 60;

/** Short, and only for the victim: who takes over must not lapse in its turn. */
const VICTIM = { lease: 600, concurrency: 30 };

async function enqueue(fleet: Fleet, task: string, payload: object): Promise<JobHandle> {
  const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
  const handle = await stem.task(task, { queue: "default" }).enqueue(payload as never);
  await stem.close();
  return handle;
}

/**
 * The heir's handler has waited so that the late comer found the job on loan to another, and not only ended.
 */
async function letEnd(fleet: Fleet, job: JobHandle, heir: Member): Promise<void> {
  heir.process.send("go on");
  await until("the heir did the job", () => fleet.ledger.of("succeeded", job.id).length > 0);
}

/** The job was run by both, and it is the heir's word that counts. */
async function expectOneResult(fleet: Fleet, job: JobHandle, victim: Member, heir: Member): Promise<void> {
  expect(await job.status()).toMatchObject({ state: "succeeded", attempts: 1, lapses: 1, result: JSON.stringify({ by: heir.pid, n: 7 }) });
  expect(fleet.ledger.of("start", job.id).map(({ pid }) => pid)).toEqual([victim.pid, heir.pid]);
  expect(fleet.ledger.of("succeeded", job.id).map(({ pid }) => pid)).toEqual([heir.pid]);
  expect(fleet.ledger.of("lost", job.id).map(({ pid }) => pid)).toEqual([victim.pid]);
}

describeOn(STORES, "A worker that comes too late on $name", (store) => {
  it.concurrent(
    "has its settle refused when it was frozen past its lease and goes on at once",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const victim = fleet.worker(VICTIM);
        await victim.says("ready");
        const job = await enqueue(fleet, "freeze", { n: 7 });
        expect(await victim.says("frozen")).toBe(job.id);
        const heir = fleet.worker({ lease: 5_000 });
        await until("another worker has the job", () => fleet.ledger.of("start", job.id).length > 1);
        victim.signal("SIGCONT");
        await until("the late settle was refused", () => fleet.ledger.of("refused", job.id).length > 0);
        await until("the frozen worker knows", () => fleet.ledger.of("lost", job.id).length > 0);
        expect(await job.status()).toMatchObject({ state: "active", worker: await heir.says("ready") });
        await letEnd(fleet, job, heir);
        await expectOneResult(fleet, job, victim, heir);
        const again = await enqueue(fleet, "square", { n: 3 });
        await until("work goes on", async () => (await again.status())?.state === "succeeded");
        expect((await fleet.stop(victim)).code).toBe(0);
        figures(store, "frozen, settles late", { jobs: 1, refused: fleet.ledger.of("refused").length, "extra runs": 1 });
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "has its handler told to stop when it was frozen past its lease in the middle of it",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const victim = fleet.worker(VICTIM);
        await victim.says("ready");
        const job = await enqueue(fleet, "faint", { n: 7 });
        expect(await victim.says("frozen")).toBe(job.id);
        const heir = fleet.worker({ lease: 5_000 });
        await until("another worker has the job", () => fleet.ledger.of("start", job.id).length > 1);
        victim.signal("SIGCONT");
        await until("the frozen worker knows", () => fleet.ledger.of("lost", job.id).length > 0);
        await letEnd(fleet, job, heir);
        expect(fleet.ledger.of("told", job.id)).toMatchObject([{ pid: victim.pid, why: "lost" }]);
        await expectOneResult(fleet, job, victim, heir);
        figures(store, "frozen, told to stop", { jobs: 1, "extra runs": 1 });
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "writes no second result when a handler blocks its event loop for longer than its lease",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const victim = fleet.worker(VICTIM);
        await victim.says("ready");
        const job = await enqueue(fleet, "spin", { n: 7, ms: 1_500 });
        await until("the loop is blocked", () => fleet.ledger.of("start", job.id).length > 0);
        const heir = fleet.worker({ lease: 5_000 });
        await until("another worker has the job", () => fleet.ledger.of("start", job.id).length > 1);
        writeFileSync(join(fleet.folder, "taken over"), "");
        await until(
          "both have had their say",
          () => fleet.ledger.of("lost", job.id).length + fleet.ledger.of("succeeded", job.id).length === 2,
        );
        await expectOneResult(fleet, job, victim, heir);
        figures(store, "blocked event loop", { jobs: 1, "extra runs": 1 });
      });
    },
    SECONDS(TIME),
  );
});
