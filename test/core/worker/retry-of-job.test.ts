import { describe, expect, it } from "@jest/globals";
import { RETRY_HEADER } from "../../../lib/core/task/retry-header.js";
import type { TaskContext } from "../../../lib/core/task/task.js";
import { Rig, until } from "./rig.js";

/** A rig whose task always fails, and what its attempts saw. */
function failing(retry: number | object = 3) {
  const seen: { max: number; headers: object }[] = [];
  const fail = (_: never, { maxAttempts, headers }: TaskContext): never => {
    seen.push({ max: maxAttempts, headers });
    throw new Error("no");
  };
  const rig = new Rig({ work: [fail, { retry }] });
  const endOf = async (id: string): Promise<number> => {
    await until(async () => {
      rig.clock.advance("1s");
      return (await rig.record(id)).endedAt !== undefined;
    }, `the end of ${id}`);
    return (await rig.record(id)).attempts;
  };
  return { rig, seen, endOf };
}

describe("A job that is to be retried otherwise than its task says", () => {
  it("has more attempts, fewer, or one, and its handler sees how many but not how they came", async () => {
    const { rig, seen, endOf } = failing(3);
    await rig.started();
    await rig.stem.enqueue("work", 1, { id: "more", retry: { attempts: 5 }, headers: { tenant: "acme" } });
    expect(await endOf("more")).toBe(5);
    expect(seen[0]).toEqual({ max: 5, headers: { tenant: "acme" } });
    await rig.stem.enqueue("work", 1, { id: "fewer", retry: 2 });
    expect(await endOf("fewer")).toBe(2);
    await rig.stem.enqueue("work", 1, { id: "once", retry: 1 });
    expect(await endOf("once")).toBe(1);
    expect(rig.lines.some((line) => line.includes("Job once ") && line.includes("after attempt 1 of 1"))).toBe(true);
    await rig.stem.enqueue("work", 1, { id: "plain" });
    expect(await endOf("plain")).toBe(3);
  });

  it("waits as it says, and as its task says where it says nothing", async () => {
    const { rig } = failing({ attempts: 2, base: "10s", backoff: "fixed" });
    await rig.started();
    await rig.stem.enqueue("work", 1, { id: "task" });
    await rig.stem.enqueue("work", 1, { id: "base", retry: { base: "7s" } });
    await rig.stem.enqueue("work", 1, { id: "exponential", retry: { base: "8s", min: "2s", cap: "6s", backoff: "exponential" } });
    await until(() => rig.told.filter((line) => line.startsWith("job:retried")).length === 3);
    const waits = rig.verbs("settle").flatMap(({ settlements }) => settlements);
    expect(Object.fromEntries(waits.map((one) => [one.lease.jobId, "delayMs" in one ? one.delayMs : undefined]))).toEqual({
      task: 10_000,
      base: 7_000,
      exponential: 4_000,
    });
  });

  it("is so in a batch, a chain, a schedule, and when it is revived", async () => {
    const { rig, endOf } = failing(3);
    await rig.started();
    const [one, two] = await rig.stem.enqueueMany("work", [1, 2], { retry: 1 });
    expect([await endOf(one!.id), await endOf(two!.id)]).toEqual([1, 1]);
    const chain = await rig.stem.chain(rig.stem.signature("work", 1, { retry: 2 }));
    expect(await endOf(chain.id)).toBe(2);
    const schedule = await rig.stem.task("work", { queue: "default" }).schedule("nightly", "0 0 * * *", 1, { retry: { attempts: 4 } });
    expect(await endOf((await schedule.trigger()).id)).toBe(4);
    const { items } = await rig.store.schedules.list({ ids: ["nightly"] });
    expect(JSON.parse(items[0]!.spec)).toMatchObject({ options: {}, retry: { attempts: 4 } });
    expect(await rig.stem.deadLetters.retry(chain.id)).toEqual([chain.id]);
    expect(await endOf(chain.id)).toBe(2);
  });

  it("may be a run of a workflow, and hands nothing on to what that enqueues", async () => {
    const { rig, endOf } = failing(3);
    let child = "";
    rig.workflow("flow", async (_, ctx) => {
      child = await ctx.step("child", async () => (await rig.stem.enqueue("work", 1)).id);
      throw new Error(`no, ${JSON.stringify(ctx.headers)}`);
    });
    await rig.started();
    const run = await rig.stem.start("flow", undefined, { retry: 2 });
    expect(await endOf(run.id)).toBe(2);
    expect(await rig.record(run.id)).toMatchObject({ error: { message: "no, {}" } });
    expect(await endOf(child)).toBe(3);
  });

  it.each(["", "nonsense", "[]", "null", "7", '{"attempts":0}', '{"attempts":"5"}', '{"attempts":5,"baseMs":-1}', '{"fixed":1}'])(
    "goes by its task when the header is %j",
    async (header) => {
      const { rig, endOf } = failing(2);
      await rig.started();
      await rig.store.broker.enqueue([
        { id: "foreign", task: "work", queue: "default", payload: "1", headers: { [RETRY_HEADER]: header } },
      ]);
      expect(await endOf("foreign")).toBe(2);
    },
  );

  it("is refused where a task would be, and may not be said by a header", async () => {
    const { rig } = failing();
    const enqueue = (options: object) => rig.stem.enqueue("work", 1, options);
    await expect(enqueue({ retry: 0 })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    await expect(enqueue({ retry: "3" })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    await expect(enqueue({ retry: { attempt: 3 } })).rejects.toMatchObject({ code: "STEM_OPTION_UNKNOWN" });
    await expect(enqueue({ retry: { base: "soon" } })).rejects.toMatchObject({ code: "STEM_DURATION_INVALID" });
    await expect(enqueue({ retry: { when: () => true } })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    await expect(enqueue({ headers: { [RETRY_HEADER]: "{}" } })).rejects.toMatchObject({ code: "STEM_HEADERS_INVALID" });
    expect(await rig.stem.counts()).toMatchObject({ ready: 0 });
  });
});
