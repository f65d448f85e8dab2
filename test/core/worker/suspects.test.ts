import { describe, expect, it } from "@jest/globals";
import { RunningJob } from "../../../lib/core/attempt/running.js";
import { Suspects } from "../../../lib/core/worker/suspects.js";

const job = (id: string): RunningJob =>
  new RunningJob(
    {
      job: { id, task: "t", queue: "q", payload: "", priority: 0, enqueuedAt: 0, dueAt: 0 },
      lease: { jobId: id, fence: 3, job: 1 },
      attempt: 1,
      lapses: 2,
      inputs: [],
      journaled: false,
    },
    undefined,
    undefined,
    "w",
    0,
  );
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Of jobs that may have killed their workers", () => {
  it("one at a time begins, and only when those handed back are confirmed", async () => {
    const suspects = new Suspects();
    const begun: string[] = [];
    const [a, b, c] = [job("a"), job("b"), job("c")];
    expect([a, b, c].map((one) => suspects.admit(one, () => begun.push(one.delivery.job.id)))).toEqual([true, false, false]);
    await turn();
    expect(begun).toEqual([]);
    suspects.settled(b);
    await turn();
    expect(begun).toEqual([]);
    suspects.settled(c);
    await turn();
    expect(begun).toEqual(["a"]);
  });

  it("one that is alone begins at once, and the next when it has ended", async () => {
    const suspects = new Suspects();
    const begun: string[] = [];
    const [a, b] = [job("a"), job("b")];
    expect(suspects.admit(a, () => begun.push("a"))).toBe(true);
    await turn();
    expect(begun).toEqual(["a"]);
    expect(suspects.admit(b, () => begun.push("b"))).toBe(false);
    suspects.settled(b);
    suspects.ended(a);
    expect(suspects.admit(b, () => begun.push("b again"))).toBe(true);
    await turn();
    expect(begun).toEqual(["a", "b again"]);
  });

  it("one that ended before it began never begins", async () => {
    const suspects = new Suspects();
    const a = job("a");
    expect(suspects.admit(a, () => expect("begun").toBe("never"))).toBe(true);
    suspects.ended(a);
    await turn();
  });
});
