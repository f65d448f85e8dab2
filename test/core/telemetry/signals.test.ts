import { describe, expect, it } from "@jest/globals";
import { Signals } from "../../../lib/core/telemetry/signals.js";

const JOB = { jobId: "1", task: "mail.send", queue: "default" };

describe("A listener of signals", () => {
  it("that throws, or rejects, is reported and hurts nobody", async () => {
    const errors: unknown[] = [];
    const heard: string[] = [];
    const signals = new Signals((error) => void errors.push(error));
    signals.on("job:enqueued", () => {
      throw new Error("at once");
    });
    signals.on("job:enqueued", (async () => {
      await Promise.resolve();
      throw new Error("later");
    }) as () => void);
    signals.on("job:enqueued", ({ jobId }) => void heard.push(jobId));
    signals.tell("job:enqueued", JOB);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual(["1"]);
    expect(errors.map((error) => (error as Error).message)).toEqual(["at once", "later"]);
  });

  it("hurts nobody even if whoever is told of its error throws too", () => {
    const signals = new Signals(() => {
      throw new Error("no log either");
    });
    signals.on("job:enqueued", () => {
      throw new Error("at once");
    });
    expect(() => signals.tell("job:enqueued", JOB)).not.toThrow();
  });

  it("that stops and listens anew while it is told is told once", () => {
    const signals = new Signals();
    let told = 0;
    let off: () => void;
    const listener = (): void => {
      if (++told > 100) throw new Error("endless");
      off();
      off = signals.on("job:enqueued", listener);
    };
    off = signals.on("job:enqueued", listener);
    signals.tell("job:enqueued", JOB);
    expect(told).toBe(1);
  });
});
