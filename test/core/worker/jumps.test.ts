import { describe, expect, it } from "@jest/globals";
import { StoreTime } from "../../../lib/core/worker/store-time.js";
import { gate, Rig, turns, until } from "./rig.js";

/** Lets somebody set the clock of this host, while time itself goes on evenly. */
function jumpy(rig: Rig): (ms: number) => void {
  const steady = rig.clock.now.bind(rig.clock);
  let ahead = 0;
  Object.assign(rig.clock, { now: () => steady() + ahead, steady });
  return (ms) => void (ahead += ms);
}

describe("When somebody sets the clock of the host", () => {
  it("attempts time out after their time all the same, neither sooner nor later", async () => {
    const held = gate();
    const rig = new Rig({
      short: [() => held.promise, { timeout: "1s", retry: 1 }],
      long: [() => held.promise, { timeout: "10s", retry: 1 }],
    });
    const jump = jumpy(rig);
    const worker = await rig.started({ lease: "1w" });
    await rig.stem.enqueue("short", undefined, { id: "short" });
    await rig.stem.enqueue("long", undefined, { id: "long" });
    await until(() => worker.running === 2);
    jump(3_600_000);
    rig.clock.advance("1s");
    expect((await rig.ended("short"))[0]).toMatchObject({ state: "failed", error: { code: "STEM_JOB_TIMEOUT" } });
    await turns();
    expect((await rig.record("long")).state).toBe("active");
    jump(-7_200_000);
    rig.clock.advance("9s");
    await turns();
    expect(worker.running).toBe(0);
    held.open();
  });

  it("what is known of the store's clock does not move", () => {
    let [wall, even] = [1_000_000, 0];
    const time = new StoreTime({ now: () => wall, steady: () => even, after: () => () => {} });
    time.heard(5_000);
    wall += 3_600_000;
    even += 10;
    expect(time.now()).toBe(5_010);
    wall -= 7_200_000;
    expect(time.now()).toBe(5_010);
  });
});
