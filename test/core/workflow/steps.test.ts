import { describe, expect, it } from "@jest/globals";
import { NotFoundException } from "@nestjs/common";
import type { Failure } from "../../../lib/contract/job.js";
import { NonRetryableError } from "../../../lib/core/task/task.js";
import { currentRun, currentStep } from "../../../lib/core/workflow/current.js";
import { StepError } from "../../../lib/core/workflow/errors.js";
import { counter, Rig, until } from "./rig.js";

class Declined extends Error {
  override readonly name = "Declined";
  readonly code = "card_declined";
}

class Box {
  a = 1;
}

const decline = (): never => {
  throw new Declined("no funds");
};

describe("A step", () => {
  it("that returned nothing, or null, is done and never runs again", async () => {
    const { ran, step } = counter();
    const rig = new Rig(async (_: undefined, ctx) => {
      const nothing: unknown = await ctx.step("nothing", step("nothing"));
      const nil: unknown = await ctx.step("nil", step("nil", null));
      await ctx.sleep("nap", "1m");
      return [nothing === undefined, nil === null];
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: "[true,true]" });
    expect(ran).toEqual(["nothing", "nil"]);
  });

  it("that nobody awaits and that fails after the body returned is warned of, with run and step", async () => {
    const warned: string[] = [];
    const fail = { now: (): void => {} };
    const rig = new Rig(async (_: undefined, ctx) => {
      void ctx.step("bg", () => new Promise<never>((_, refuse) => (fail.now = () => refuse(new Error("no disk")))));
      void ctx.step("huge", () => 1n as never);
      await ctx.step("fg", () => 1).catch(() => {});
      setImmediate(() => fail.now());
      return "returned";
    });
    rig.stem.log.warn = (line: string) => void warned.push(line);
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect(warned).toEqual([
      expect.stringMatching(/^Step "bg" of run run \(workflow "flow"\) failed after .*no disk/),
      expect.stringMatching(/without ever awaiting its step "huge", which failed: .*STEM_PAYLOAD_UNSERIALISABLE/s),
    ]);
  });

  it("hands the body 0 for -0 in the first pass as in all later ones", async () => {
    const seen: number[] = [];
    const rig = new Rig(async (_: undefined, ctx) => {
      seen.push(1 / (await ctx.step("round", () => Math.round(-0.2))));
      await ctx.sleep("nap", "1m");
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect(seen).toEqual([Infinity, Infinity]);
  });

  it("hands the body what later passes will get, not the object itself", async () => {
    const seen: unknown[] = [];
    const rig = new Rig(async (_: undefined, ctx) => {
      seen.push(await ctx.step("make", () => Object.assign(new Box(), { b: undefined })));
      await ctx.sleep("nap", "1m");
    });
    await rig.start();
    await rig.finish();
    expect(seen).toStrictEqual([{ a: 1 }, { a: 1 }]);
  });

  it("that cannot be journaled fails with the reason", async () => {
    const rig = new Rig(async (_: undefined, ctx) => ctx.step("date", () => new Map()));
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "failed", error: { name: "PayloadError", code: "STEM_PAYLOAD_UNSERIALISABLE" } });
  });

  it.each([
    ["JSON would change", () => new Map(), "STEM_PAYLOAD_UNSERIALISABLE"],
    ["is too large", () => "x".repeat(2_000_000), "STEM_PAYLOAD_TOO_LARGE"],
  ])(
    "whose result %s was done all the same, and is not done again by the run's retry, however the body passes it on",
    async (_, result, code) => {
      for (const fail of [(error: unknown) => error, (error: unknown) => new Error("wrapped", { cause: error })]) {
        let rows = 0;
        const rig = new Rig(
          async (_: undefined, ctx) => {
            try {
              await ctx.step("insert", () => {
                rows++;
                return result();
              });
            } catch (error) {
              throw fail(error);
            }
          },
          { retry: { attempts: 3, base: 10 } },
        );
        await rig.start();
        const { state, cause, attempts, error } = await rig.finish();
        expect({ state, cause, attempts, rows }).toEqual({ state: "failed", cause: "rejected", attempts: 1, rows: 1 });
        expect(error!.code ?? error!.cause!.code).toBe(code);
        expect(error!.notRetried).toContain('step "insert"');
      }
    },
  );

  it("whose result cannot be kept is not done again by later passes of a body that deals with that, nor when another branch fails", async () => {
    let rows = 0;
    let others = 0;
    const insert = (): Map<string, number> => {
      rows++;
      return new Map();
    };
    const caught = new Rig(
      async (_: undefined, ctx) => {
        await ctx.step("insert", insert).catch(() => undefined);
        await ctx.sleep("nap", "1m");
        if (++others < 2) throw new Error("again");
        return "went on";
      },
      { retry: { attempts: 3, base: 10 } },
    );
    await caught.start();
    expect(await caught.finish()).toMatchObject({ state: "succeeded", result: '"went on"', attempts: 2 });
    expect(rows).toBe(1);
    rows = 0;
    const branches = new Rig(
      async (_: undefined, ctx) => Promise.all([ctx.step("other", () => Promise.reject(new Error("no"))), ctx.step("insert", insert)]),
      { retry: { attempts: 3, base: 10 } },
    );
    await branches.start();
    expect(await branches.finish()).toMatchObject({ state: "failed" });
    expect(rows).toBe(1);
  });

  it("that is not tried again although tries are left says why", async () => {
    let tries = 0;
    const rig = new Rig(async (_: undefined, ctx) => {
      const http = Object.assign(new Error("slow down"), { status: 429 });
      await ctx.step("again", () => (++tries < 3 ? Promise.reject(http) : tries), { retry: { attempts: 5, base: "1h" } });
      const failure = await ctx
        .step("final", () => Promise.reject(new NotFoundException("gone")), { retry: 5 })
        .catch((error: StepError) => error.cause);
      return [tries, (failure as Failure).notRetried];
    });
    await rig.start();
    expect(JSON.parse((await rig.finish()).result!)).toEqual([3, "an HttpException of status 404 refuses for good"]);
  });

  it("has an idempotency key of its own that stays the same", async () => {
    const keys: string[] = [];
    const rig = new Rig(async (_: undefined, ctx) => {
      for (let i = 0; i < 2; i++)
        await ctx.step(
          "charge",
          (step) => {
            keys.push(`${step.idempotencyKey} try ${step.attempt}`);
            if (step.attempt === 1) throw new Error("again");
          },
          { retry: { attempts: 2, base: "1h" } },
        );
    });
    await rig.start();
    await rig.finish();
    expect(keys).toEqual(["run/charge#1 try 1", "run/charge#1 try 2", "run/charge#2 try 1", "run/charge#2 try 2"]);
  });

  it("is found by code deep below, and is one piece of work: a step within it is refused, and @Step methods are plain there", async () => {
    const rig = new Rig(async (_: undefined, ctx) => {
      const inBody = currentRun() === ctx && currentStep() === undefined;
      const inStep = await ctx.step("outer", async (step) => {
        await Promise.resolve();
        return currentRun() === undefined && currentStep() === step;
      });
      const nested = await ctx.step("nested", () => ctx.step("inner", () => 1).catch((error: { code: string }) => error.code));
      return [inBody, inStep, currentRun() === ctx, nested];
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '[true,true,true,"STEM_STEP_NESTED"]' });
    expect(currentRun()).toBeUndefined();
  });

  it("is told of by a signal once it is on record", async () => {
    const told: string[] = [];
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.step("a", () => 1);
      await ctx.step("b", () => told.push("b runs"));
    });
    rig.stem.signals.on("run:step", ({ runId, workflow, step }) => told.push(`${runId} ${workflow} ${step}`));
    await rig.start();
    await rig.finish();
    expect(told).toEqual(["run flow a", "b runs", "run flow b"]);
  });

  it("refuses names that would break the journal, and unknown options", async () => {
    const rig = new Rig(async (_: undefined, ctx) => {
      const codes: unknown[] = [];
      const note = (error: { code: string }) => codes.push(error.code);
      await ctx.step("a#2", () => 1).catch(note);
      await ctx.sleep("", 1).catch(note);
      await ctx.sleep("x", "1 fortnight" as never).catch(note);
      await ctx.sleepUntil("x", new Date(Number.NaN)).catch(note);
      await ctx.step("x", () => 1, { retries: 3 } as never).catch(note);
      return codes;
    });
    await rig.start();
    expect(JSON.parse((await rig.finish()).result!)).toEqual([
      "STEM_NAME_INVALID",
      "STEM_NAME_INVALID",
      "STEM_DURATION_INVALID",
      "STEM_OPTION_INVALID",
      "STEM_OPTION_UNKNOWN",
    ]);
    expect(await rig.lines()).toEqual([]);
  });
});

describe("A step that fails", () => {
  it("gives the body an error that looks the same in every later pass", async () => {
    const seen: unknown[] = [];
    const { ran } = counter();
    const rig = new Rig(async (_: undefined, ctx) => {
      try {
        await ctx.step("charge", () => {
          ran.push("charge");
          return decline();
        });
      } catch (error) {
        const { name, message, code, step, attempts, cause } = error as StepError;
        seen.push([error instanceof StepError, name, message, code, step, attempts, cause.name]);
      }
      await ctx.step("apologise", () => ran.push("apologise"));
      await ctx.sleep("nap", "1h");
      return "sorry";
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '"sorry"' });
    expect(ran).toEqual(["charge", "apologise"]);
    const same = [true, "Declined", "no funds", "card_declined", "charge", 1, "Declined"];
    expect(seen).toEqual([same, same]);
    expect(await rig.lines()).toEqual(["step charge failed", "step apologise done", "sleep nap open", "sleep nap done"]);
  });

  it("and is not caught runs again at the run's next attempt, while steps that were done do not", async () => {
    const { ran, step } = counter();
    let failures = 2;
    const rig = new Rig(
      async (_: undefined, ctx) => {
        await ctx.step("reserve", step("reserve"));
        return ctx.step("charge", () => {
          ran.push("charge");
          return failures-- > 0 ? decline() : "paid";
        });
      },
      { retry: { attempts: 3, base: "1m" } },
    );
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '"paid"', attempts: 3 });
    expect(ran).toEqual(["reserve", "charge", "charge", "charge"]);
    expect(await rig.lines()).toEqual(["step reserve done", "step charge done"]);
  });

  it("beside others fails the run without becoming final, although the others are journaled after it", async () => {
    let failures = 1;
    const rig = new Rig(
      async (_: undefined, ctx) => {
        const other = async () => {
          await ctx.step("b1", () => Promise.resolve());
          await ctx.step("b2", () => Promise.resolve());
        };
        await Promise.all([ctx.step("a", () => (failures-- > 0 ? decline() : "fine")), other()]);
      },
      { retry: { attempts: 2, base: 0 } },
    );
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect([...(await rig.lines())].sort()).toEqual(["step a done", "step b1 done", "step b2 done"]);
  });

  it("in a run that goes on and then fails of it is final: dead at once, and a retry by a person tells the body the same", async () => {
    const { ran } = counter();
    const rig = new Rig(
      async (_: undefined, ctx) => {
        try {
          await ctx.step("charge", () => (ran.push("charge"), decline()));
        } catch (error) {
          await ctx.step("refund", () => ran.push("refund"));
          throw error;
        }
      },
      { retry: 5 },
    );
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "failed", attempts: 1, error: { name: "Declined", code: "card_declined" } });
    await rig.stem.deadLetters.retry(["run"]);
    expect(await rig.finish()).toMatchObject({ state: "failed", error: { name: "Declined" } });
    expect(ran).toEqual(["charge", "refund"]);
  });

  it("keeps the order in which the body learnt of it among others", async () => {
    const winners: unknown[] = [];
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const rig = new Rig(async (_: undefined, ctx) => {
      const b = ctx.step("b", () => gate);
      const winner = await Promise.race([ctx.step("a", decline), b]).then(
        () => "b",
        () => "a",
      );
      winners.push(winner);
      setTimeout(go, 5);
      await b;
      await ctx.step("c", () => 1);
      await ctx.sleep("nap", "1h");
    });
    await rig.start();
    await rig.finish();
    expect(winners).toEqual(["a", "a"]);
    // Written after it, told before it.
    expect(await rig.lines()).toEqual(["step b done", "step a failed", "step c done", "sleep nap open", "sleep nap done"]);
  });

  it("is final when the run is suspended on something beside it", async () => {
    const { ran } = counter();
    const rig = new Rig(async (_: undefined, ctx) => {
      const both = await Promise.allSettled([ctx.step("a", () => (ran.push("a"), decline())), ctx.sleep("nap", "1h")]);
      return both.map(({ status }) => status);
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '["rejected","fulfilled"]' });
    expect(ran).toEqual(["a"]);
  });

  it("and was forgotten by the body hurts nobody", async () => {
    const rig = new Rig(async (_: undefined, ctx) => {
      void ctx.step("a", decline);
      return ctx.step("b", () => 1);
    });
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
  });
});

describe("A step with retry", () => {
  it("gives the worker back for long waits and counts tries in the journal", async () => {
    const { ran } = counter();
    const rig = new Rig(async (_: undefined, ctx) =>
      ctx.step("charge", ({ attempt }) => (ran.push(`try ${attempt}`), attempt < 3 ? decline() : "paid"), {
        retry: { attempts: 3, base: "1m" },
      }),
    );
    await rig.start();
    const process = rig.process();
    await process.work();
    expect(await rig.record()).toMatchObject({ state: "ready", dueAt: rig.clock.now() + 59_999 });
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '"paid"', attempts: 1 });
    expect(ran).toEqual(["try 1", "try 2", "try 3"]);
    expect(await rig.lines()).toEqual(["step charge open", "step charge open", "step charge done"]);
  });

  it("spends short waits in place, after the failed try is on record", async () => {
    const rig = new Rig(async (_: undefined, ctx) =>
      ctx.step("charge", ({ attempt }) => (attempt < 2 ? decline() : "paid"), { retry: { attempts: 2, base: 500 } }),
    );
    await rig.start();
    const work = rig.process().work();
    await until(async () => (await rig.lines()).length > 0);
    expect(await rig.lines()).toEqual(["step charge open"]);
    rig.clock.advance(500);
    await work;
    expect(await rig.record()).toMatchObject({ state: "succeeded", result: '"paid"' });
  });

  it("lets steps beside it finish before the run gives its worker back", async () => {
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const rig = new Rig(async (_: undefined, ctx) =>
      Promise.all([
        ctx.step("flaky", ({ attempt }) => (attempt === 1 ? decline() : 1), { retry: { attempts: 2, base: "1m" } }),
        ctx.step("long", () => gate),
      ]).then(() => {}),
    );
    await rig.start();
    const work = rig.process().work();
    await until(async () => (await rig.lines()).length > 0);
    expect((await rig.record()).state).toBe("active");
    go();
    await work;
    expect((await rig.record()).state).toBe("ready");
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
  });

  it("gives up at once on what is not retryable, and begins its count anew at the run's next attempt", async () => {
    const tries: number[] = [];
    const rig = new Rig(
      async (_: undefined, ctx) => {
        await ctx
          .step(
            "final",
            () => {
              throw new NonRetryableError("no");
            },
            { retry: 5 },
          )
          .catch(() => {});
        await ctx.step("charge", ({ attempt }) => (tries.push(attempt), tries.length < 4 ? decline() : "paid"), {
          retry: { attempts: 2, base: "1m" },
        });
      },
      { retry: { attempts: 2, base: 0 } },
    );
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded", attempts: 2 });
    expect(tries).toEqual([1, 2, 1, 2]);
  });

  it("fails a try that takes too long, and tells its work to stop", async () => {
    const reasons: unknown[] = [];
    let running = false;
    const rig = new Rig(async (_: undefined, ctx) =>
      ctx.step(
        "slow",
        ({ attempt, signal }) => {
          running = true;
          if (attempt === 2) return "done";
          return new Promise((_, refuse) => signal.addEventListener("abort", () => refuse(reasons.push((signal.reason as Error).name))));
        },
        { timeout: "3s", retry: { attempts: 2, base: "1m" } },
      ),
    );
    await rig.start();
    const process = rig.process();
    const work = process.work();
    await until(() => running);
    rig.clock.advance("3s");
    await work;
    expect(reasons).toEqual(["StepTimeoutError"]);
    expect(JSON.parse((await rig.journal())[0]!.value!)).toMatchObject({ attempt: 1, error: { code: "STEM_STEP_TIMEOUT" } });
    expect(await rig.finish("run", process)).toMatchObject({ state: "succeeded", result: '"done"' });
  });
});
