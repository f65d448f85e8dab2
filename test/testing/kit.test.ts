import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Module } from "@nestjs/common";
import { Test, type TestingModule } from "@nestjs/testing";
import {
  Cron,
  defineEvent,
  InjectStem,
  memory,
  NonRetryableError,
  Stem,
  StemModule,
  StemRuntime,
  Step,
  Task,
  type TaskContext,
  Workflow,
  type WorkflowContext,
} from "../../lib/index.js";
import { ManualClock, StemTestingModule, StemTestKit, useStemTesting } from "../../lib/testing/index.js";

const shipped = defineEvent<{ parcel: string }>("shipped");

@Task("mail.send", { queue: "mail" })
class SendMail {
  run(input: { readonly to: string }): string {
    return `sent to ${input.to}`;
  }
}

@Task("flaky", { retry: { attempts: 3, base: "10s" } })
class Flaky {
  run(_input: undefined, ctx: TaskContext): string {
    if (ctx.attempt < 3) throw new Error(`not yet (${ctx.attempt})`);
    return `attempt ${ctx.attempt}`;
  }
}

@Task("hopeless")
class Hopeless {
  run(input: { readonly n: number }): void {
    throw new NonRetryableError(`no use (${input.n})`);
  }
}

@Task("fan.out")
class FanOut {
  constructor(@InjectStem() private readonly stem: Stem) {}

  async run(count: number): Promise<void> {
    await this.stem.enqueueMany(
      SendMail,
      Array.from({ length: count }, (_, n) => ({ to: `${n}` })),
    );
  }
}

@Task("endless")
class Endless {
  constructor(@InjectStem() private readonly stem: Stem) {}

  async run(): Promise<void> {
    await this.stem.enqueue(Endless);
  }
}

@Task("hanging")
class Hanging {
  async run(_input: undefined, ctx: TaskContext): Promise<void> {
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  }
}

@Workflow("order.process")
class ProcessOrder {
  static charged = 0;

  async run(order: { readonly id: string }, ctx: WorkflowContext): Promise<string> {
    const receipt = await this.charge(order.id);
    await ctx.sleep("cool-off", "24h");
    const event = await ctx.waitFor(shipped, { key: order.id, timeout: "3d" });
    return `${receipt}, ${event?.parcel ?? "not shipped"}`;
  }

  @Step()
  async charge(id: string): Promise<string> {
    ProcessOrder.charged++;
    return `receipt-${id}`;
  }
}

class Reports {
  readonly at: string[] = [];

  constructor() {}

  @Cron("0 9 * * *", { name: "report", payload: { kind: "daily" } })
  daily(input: { kind: string }, ctx: TaskContext): void {
    this.at.push(`${input.kind} ${ctx.enqueuedAt.toISOString()}`);
  }
}

const providers = [SendMail, Flaky, Hopeless, FanOut, Endless, Hanging, ProcessOrder, Reports];

describe("The testing kit", () => {
  let app: TestingModule;
  let kit: StemTestKit;

  beforeEach(async () => {
    app = await Test.createTestingModule({ imports: [StemTestingModule.forRoot()], providers }).compile();
    app.useLogger(false);
    await app.init();
    kit = app.get(StemTestKit);
  });

  afterEach(() => app.close());

  it("runs nothing until it is told to, then everything that is due and what that enqueues", async () => {
    const job = await kit.stem.enqueue(FanOut, 3);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await job.status())?.state).toBe("ready");
    expect(await kit.drain()).toEqual({ attempts: 4 });
    expect((await kit.enqueued(SendMail)).map(({ payload, state, queue }) => [payload.to, state, queue])).toEqual([
      ["0", "succeeded", "mail"],
      ["1", "succeeded", "mail"],
      ["2", "succeeded", "mail"],
    ]);
    expect(await kit.drain()).toEqual({ attempts: 0 });
  });

  it("shows what was enqueued, decoded, before and after it ran", async () => {
    await kit.stem.enqueue(SendMail, { to: "ada" }, { delay: "1m", priority: 3, headers: { tenant: "acme" } });
    expect(await kit.enqueued(SendMail)).toMatchObject([
      {
        task: "mail.send",
        state: "ready",
        payload: { to: "ada" },
        priority: 3,
        headers: { tenant: "acme" },
        dueAt: new Date(kit.clock.now() + 60_000),
      },
    ]);
    expect(await kit.enqueued(FanOut)).toEqual([]);
    await kit.drain();
    expect((await kit.enqueued())[0]?.state).toBe("ready");
    kit.clock.advance("1m");
    await kit.drain();
    expect((await kit.enqueued())[0]?.state).toBe("succeeded");
  });

  it("runs a retry when its longest wait has passed", async () => {
    const job = await kit.stem.enqueue(Flaky);
    await kit.drain();
    expect(await job.status()).toMatchObject({ state: "ready", attempts: 1 });
    kit.clock.advance("10s");
    await kit.drain();
    expect(await job.status()).toMatchObject({ state: "ready", attempts: 2 });
    kit.clock.advance("20s");
    await kit.drain();
    expect(await job.result()).toBe("attempt 3");
  });

  it("drains through a time, with everything that falls due in it", async () => {
    const job = await kit.stem.enqueue(Flaky);
    const start = kit.clock.now();
    expect(await kit.drainThrough("1m")).toEqual({ attempts: 3 });
    expect(await job.result()).toBe("attempt 3");
    expect(kit.clock.now()).toBe(start + 60_000);
  });

  it("shows dead letters with payload and reason", async () => {
    await kit.stem.enqueue(Hopeless, { n: 1 });
    await kit.stem.enqueue(Hopeless, { n: 2 });
    await kit.drain();
    expect(await kit.deadLetters()).toMatchObject([
      { task: "hopeless", payload: { n: 1 }, cause: "error", error: { name: "NonRetryableError", message: "no use (1)" }, attempts: 1 },
      { task: "hopeless", payload: { n: 2 } },
    ]);
  });

  it("takes workflows through sleeps and waits without waiting", async () => {
    ProcessOrder.charged = 0;
    const one = await kit.stem.start(ProcessOrder, { id: "1" });
    const two = await kit.stem.start(ProcessOrder, { id: "2" });
    await kit.drainThrough("25h");
    expect((await one.status())?.state).toBe("parked");
    await kit.stem.emit(shipped, "1", { parcel: "parcel-1" });
    await kit.drain();
    expect(await one.result()).toBe("receipt-1, parcel-1");
    await kit.drainThrough("3d");
    expect(await two.result()).toBe("receipt-2, not shipped");
    expect(ProcessOrder.charged).toBe(2);
  });

  it("calls a step outside a run as the plain method it is", async () => {
    expect(await app.get(ProcessOrder).charge("x")).toBe("receipt-x");
    expect([ProcessOrder.prototype.charge.name, ProcessOrder.prototype.charge.length]).toEqual(["charge", 1]);
  });

  it("fires schedules at their slots, counted from the start of the app", async () => {
    await kit.drain();
    expect(app.get(Reports).at).toEqual([]);
    kit.clock.advance("10h");
    await kit.drain();
    expect(app.get(Reports).at).toEqual(["daily 2026-01-01T10:00:00.000Z"]);
    await kit.drainThrough("2d");
    expect(app.get(Reports).at.slice(1)).toEqual(["daily 2026-01-02T09:00:00.000Z", "daily 2026-01-03T09:00:00.000Z"]);
  });

  it("fires schedules that were made at run time as well", async () => {
    const mail = kit.stem.task<{ to: string }, string>("mail.send");
    const made = await mail.schedule("mail.ada", "0 12 * * *", { to: "ada" });
    await kit.drainThrough("1d");
    const [job, ...more] = await kit.enqueued(SendMail);
    expect([job, more]).toMatchObject([{ id: "mail.ada@2026-01-01T12:00:00.000Z", state: "succeeded", payload: { to: "ada" } }, []]);
    await made.remove();
    await kit.drainThrough("2d");
    // The first has had its time by now, and a new one would be there.
    expect(await kit.enqueued(SendMail)).toEqual([]);
  });

  it("gives up on tasks that enqueue themselves for ever, and names the busiest", async () => {
    await kit.stem.enqueue(Endless);
    await expect(kit.drain({ limit: 50 })).rejects.toThrow(/More than 50 attempts .+ "endless"[^]+STEM_DRAIN_ENDLESS/);
  });

  it("gives up on a handler that does not return, and names it", async () => {
    const { id } = await kit.stem.enqueue(Hanging);
    await expect(kit.drain({ patienceMs: 50 })).rejects.toThrow(new RegExp(`still running: hanging \\(job ${id}\\)[^]+STEM_DRAIN_STUCK`));
  });

  it("works under a test runner's fake timers", async () => {
    // The client gathers what is enqueued at the same time in a microtask.
    jest.useFakeTimers({ doNotFake: ["queueMicrotask"] });
    try {
      const job = await kit.stem.enqueue(SendMail, { to: "ada" });
      await kit.drain();
      expect(await job.result()).toBe("sent to ada");
    } finally {
      jest.useRealTimers();
    }
  });

  it("ends a wait that nothing can end, and says why: a handler that is missing, a drain, or time", async () => {
    const warned: string[] = [];
    jest.spyOn(kit.stem.log, "warn").mockImplementation((line: string) => void warned.push(line));
    const lost = await kit.stem.task<{ to: string }, string>("mail.sned", { queue: "mial" }).enqueue({ to: "ada" });
    await kit.drain();
    await kit.drain();
    expect(warned).toEqual([
      expect.stringMatching(/^Jobs of task "mail\.sned" are ready in queue "mial", and no provider here handles them/),
    ]);
    const ready = await kit.stem.enqueue(SendMail, { to: "ada" });
    const later = await kit.stem.enqueue(SendMail, { to: "ada" }, { delay: "1h" });
    const run = await kit.stem.start(ProcessOrder, { id: "1" });
    const waits = [
      lost.result({ timeout: "500ms" }),
      ready.result(),
      later.result({ timeout: "1m" }),
      run.result(),
      kit.stem.enqueueAndWait(FanOut, 1, { timeout: "1s" }),
    ].map((wait) => wait.then(String, (error: Error) => `${error.name}: ${error.message}`));
    const said = await Promise.all(waits);
    expect(said[0]).toMatch(
      /^ResultTimeoutError: Job \S+ is ready, and no provider here handles its task "mail\.sned"\.[^]+@Task\("mail\.sned"\)[^]+STEM_RESULT_TIMEOUT/,
    );
    expect(said[1]).toMatch(/of task "mail\.send" in queue "mail" is ready; in a test nothing runs by itself\.\n  → Call kit\.drain\(\)/);
    expect(said[2]).toMatch(
      /is due at 2026-01-01T01:00:00\.000Z, and the clock of the test stands still\.\n  → Let time pass: kit\.drainThrough\(3600000\)/,
    );
    expect(said[3]).toMatch(/Call kit\.drain\(\)/);
    expect(said[4]).toMatch(/Call kit\.drain\(\)/);
    await kit.drain();
    await expect(run.result()).rejects.toThrow(/is due at 2026-01-02/);
  });

  it("leaves a wait alone while a drain is at work, however long that takes in real time", async () => {
    @Task("slow")
    class Slow {
      async run(): Promise<string> {
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        return "done";
      }
    }
    const fresh = await Test.createTestingModule({ imports: [StemTestingModule.forRoot()], providers: [Slow] }).compile();
    fresh.useLogger(false);
    await fresh.init();
    const slow = fresh.get(StemTestKit);
    const result = (await slow.stem.enqueue(Slow)).result({ timeout: "1m" });
    await slow.drain();
    expect(await result).toBe("done");
    await fresh.close();
  });

  it("gives the same order every time", async () => {
    const order = async (): Promise<string[]> => {
      const fresh = await Test.createTestingModule({ imports: [StemTestingModule.forRoot()], providers }).compile();
      fresh.useLogger(false);
      await fresh.init();
      const { stem } = fresh.get(StemTestKit);
      const seen: string[] = [];
      stem.signals.on("job:started", ({ task, attempt }) => void seen.push(`${task} ${attempt}`));
      for (let n = 0; n < 5; n++) await Promise.all([stem.enqueue(FanOut, n), stem.enqueue(Flaky), stem.enqueue(SendMail, { to: `${n}` })]);
      await fresh.get(StemTestKit).drainThrough("1h");
      await fresh.close();
      return seen;
    };
    expect(await order()).toEqual(await order());
  });
});

describe("useStemTesting", () => {
  it("puts a user's own app on memory and on a clock that stands still, without opening its store", async () => {
    let opened = 0;
    const real = { ...memory(), open: async () => void opened++ };
    @Module({
      imports: [
        StemModule.forRootAsync({ useFactory: () => ({ adapter: real, worker: { concurrency: 2 } }) }),
        StemModule.forRoot({ name: "billing", adapter: real }),
      ],
      providers: [SendMail, Reports],
    })
    class AppModule {}

    const clock = new ManualClock(Date.UTC(2030, 0, 1));
    const app = await useStemTesting(Test.createTestingModule({ imports: [AppModule] }), { clock }).compile();
    app.useLogger(false);
    await app.init();
    const kit = StemTestKit.of(app);
    const job = await kit.stem.enqueue(SendMail, { to: "ada" });
    expect((await job.status())?.state).toBe("ready");
    await kit.drainThrough("9h");
    expect(await job.result()).toBe("sent to ada");
    expect(app.get(Reports).at).toEqual(["daily 2030-01-01T09:00:00.000Z"]);
    expect(StemTestKit.of(app, "billing").stem).not.toBe(kit.stem);
    expect(kit.stem.adapter).not.toBe(real);
    await app.close();
    expect(opened).toBe(0);
  });

  it("is missed by name when the kit is asked for without it", async () => {
    const app = await Test.createTestingModule({ imports: [StemModule.forRoot({ adapter: memory() })] }).compile();
    expect(() => StemTestKit.of(app)).toThrow(/STEM_NOT_TESTING/);
    expect(app.get(StemRuntime)).toBeInstanceOf(StemRuntime);
    await app.close();
  });
});
