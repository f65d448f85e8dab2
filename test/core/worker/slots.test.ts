import { describe, expect, it } from "@jest/globals";
import type { Delivery } from "../../../lib/contract/job.js";
import { RunningJob, RunningJobs } from "../../../lib/core/attempt/running.js";
import { Slots } from "../../../lib/core/worker/slots.js";

const job = (): RunningJob => new RunningJob({} as Delivery, undefined, undefined, "worker", 0);

describe("Slots of a worker", () => {
  it("are free as far as nothing runs in them and no call asks for them", () => {
    const running = new RunningJobs();
    const slots = new Slots(10, running, false);
    running.join(job());
    slots.asked = 4;
    expect(slots.free).toBe(5);
  });

  it("follow their limit at once, also below what runs", () => {
    const running = new RunningJobs();
    const slots = new Slots(2, running, false);
    running.join(job());
    running.join(job());
    slots.limit = 1;
    expect(slots.free).toBe(-1);
    slots.limit = 5;
    expect(slots.free).toBe(3);
  });

  it("are halved between two calls on a server once there are enough of them, and are not otherwise", () => {
    const slots = new Slots(31, new RunningJobs(), true);
    expect([slots.calls, slots.share, slots.second]).toEqual([1, 31, Number.POSITIVE_INFINITY]);
    slots.limit = 33;
    expect([slots.calls, slots.share, slots.second]).toEqual([2, 17, 9]);
    const here = new Slots(1_000, new RunningJobs(), false);
    expect([here.calls, here.share, here.second]).toEqual([1, 1_000, Number.POSITIVE_INFINITY]);
  });
});
