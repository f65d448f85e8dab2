import { describe, expect, it } from "@jest/globals";
import { NonRetryableError } from "../../../lib/core/task/task.js";
import { Rig, turns, until } from "../worker/rig.js";

const problems = (rig: Rig): string[] => rig.lines.filter((line) => /^(error|warn)/.test(line));

describe("A log of failures", () => {
  it("has the first of a kind whole, and the next thousand as counts at growing intervals", async () => {
    const rig = new Rig({ work: [(n: number) => Promise.reject(new Error(`row ${n} is locked`)), { retry: 1 }] });
    await rig.started();
    const handles = await rig.stem.enqueueMany(
      "work",
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    await rig.ended(...handles.map(({ id }) => id));
    await turns();
    expect(problems(rig)).toHaveLength(1);
    expect(problems(rig)[0]).toMatch(/^error Job .* of task "work" \(work\.run\) is dead after attempt 1 of 1: Error: row \d+ is locked$/);
    rig.clock.advance("1s");
    expect(problems(rig)).toHaveLength(2);
    expect(problems(rig)[1]).toMatch(/^error 999 more jobs died the same way; .* in 1 s: task "work" \(work\.run\), Error: row/);
    // Quiet for the whole of the next interval: the next one is told whole again.
    rig.clock.advance("4s");
    const [later] = await rig.stem.enqueueMany("work", [1_001]);
    await rig.ended(later!.id);
    await until(() => problems(rig).length === 3);
    expect(problems(rig)[2]).toContain(`Job ${later!.id} of task "work"`);
  });

  it("tells other errors and other tasks apart, and a job that is retried from one that is dead", async () => {
    const fail = (message: string): Promise<never> =>
      Promise.reject(message === "no" ? new NonRetryableError(message) : new Error(message));
    const rig = new Rig({ one: [fail, { retry: 2 }], other: [fail, { retry: 2 }] });
    await rig.started();
    for (const task of ["one", "other"])
      for (const message of ["no", "yes"]) await rig.stem.enqueue(task, message, { id: `${task}-${message}` });
    await until(() => rig.told.length === 8);
    expect(problems(rig).sort()).toEqual([
      expect.stringMatching(
        /^error Job one-no of task "one" \(one\.run\) is dead after attempt 1 of 2: .* Not retried: NonRetryableError says/,
      ),
      expect.stringMatching(/^error Job other-no of task "other" /),
      expect.stringMatching(/^warn Attempt 1 of 2 of job one-yes of task "one" \(one\.run\) failed and runs again in \d+ ms: Error: yes/),
      expect.stringMatching(/^warn Attempt 1 of 2 of job other-yes of task "other" /),
    ]);
  });

  it("writes few lines for thousands of jobs of an unknown task", async () => {
    const rig = new Rig({ known: () => 1 });
    await rig.started();
    const unknown = rig.stem.task<number>("gone", { queue: "default" });
    await unknown.enqueueMany(Array.from({ length: 2_000 }, (_, i) => i));
    for (let i = 0; i < 60; i++) {
      await turns(10);
      rig.clock.advance("5s");
    }
    expect(rig.lines.length).toBeLessThan(60);
  });

  it("tells what it has counted when its Stem is closed", async () => {
    const rig = new Rig({ work: [() => Promise.reject(new Error("boom")), { retry: 1 }] });
    const worker = await rig.started();
    const handles = await rig.stem.enqueueMany("work", [1, 2, 3]);
    await rig.ended(...handles.map(({ id }) => id));
    await worker.stop();
    await rig.stem.close();
    expect(problems(rig)[1]).toContain("2 more jobs died the same way");
  });
});
