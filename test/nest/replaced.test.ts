import { describe, expect, it } from "@jest/globals";
import { Injectable, Module, Scope, type ModuleMetadata, type Provider } from "@nestjs/common";
import { Test, type TestingModuleBuilder } from "@nestjs/testing";
import { Stem } from "../../lib/core/client/stem.js";
import { taskOf } from "../../lib/core/task/ref.js";
import type { WorkflowContext } from "../../lib/core/context/workflow.js";
import { Cron } from "../../lib/nest/decorators/cron.js";
import { Step } from "../../lib/nest/decorators/step.js";
import { Task } from "../../lib/nest/decorators/task.js";
import { Workflow } from "../../lib/nest/decorators/workflow.js";
import { StemRuntime } from "../../lib/nest/runtime.js";
import { StemTestingModule, StemTestKit } from "../../lib/testing/index.js";
import { appOf, closeAfterEach, problemsOf, silent, stemOn } from "./apps.js";

closeAfterEach();

const soon = { timeout: "5s" } as const;

@Task("a", { queue: "letters", retry: 2 })
class A {
  run(_n: number): string {
    return "real";
  }
}

class Fake extends A {
  override run(_n: number): string {
    return "fake";
  }
}

/** Not of the class at all, but with its method. */
@Injectable()
class Other {
  run(): string {
    return "other";
  }
}

@Task("b")
class B extends A {
  override run(_n: number): string {
    return "b";
  }
}

/** What the app of these providers answers to a job of task "a", enqueued by class. */
async function answerOf(...providers: Provider[]): Promise<string> {
  const app = await appOf({ imports: [stemOn()], providers });
  return app.get(Stem).enqueueAndWait(A, 1, soon);
}

function handlersIn(app: { get(type: typeof StemRuntime): StemRuntime }): Record<string, string> {
  return Object.fromEntries(
    app
      .get(StemRuntime)
      .registry.all()
      .map(({ name, where }) => [name, where]),
  );
}

describe("What is provided in place of a task class handles its jobs", () => {
  it.each<[string, string, Provider[]]>([
    ["another class, a subclass without a decorator", "fake", [{ provide: A, useClass: Fake }]],
    ["another class that has its method only", "other", [{ provide: A, useClass: Other }]],
    ["a subclass that is another task by itself", "b", [{ provide: A, useClass: B }]],
    ["a plain value", "value", [{ provide: A, useValue: { run: () => "value" } }]],
    [
      "a value without a prototype",
      "bare",
      [{ provide: A, useValue: Object.assign(Object.create(null) as object, { run: () => "bare" }) }],
    ],
    ["a value that is an instance of another class", "other", [{ provide: A, useValue: new Other() }]],
    ["what a factory makes", "made", [{ provide: A, useFactory: () => ({ run: () => "made" }) }]],
    ["what an async factory makes", "made", [{ provide: A, useFactory: async () => ({ run: () => "made" }) }]],
    ["an alias of another provider", "other", [Other, { provide: A, useExisting: Other }]],
    [
      "an alias of a value",
      "value",
      [
        { provide: "it", useValue: { run: () => "value" } },
        { provide: A, useExisting: "it" },
      ],
    ],
    ["an alias of a subclass that is provided itself", "fake", [Fake, { provide: A, useExisting: Fake }]],
    [
      "a class whose method is a field",
      "field",
      [
        {
          provide: A,
          useClass: class Field {
            run = () => "field";
          },
        },
      ],
    ],
    [
      "a proxy that answers to everything, as mocks do",
      "mock",
      [{ provide: A, useValue: new Proxy({}, { get: (_, key) => (key === "then" ? undefined : () => "mock") }) }],
    ],
    ["one made for each job", "fake", [{ provide: A, useClass: Fake, scope: Scope.REQUEST }]],
    ["a factory called for each job", "made", [{ provide: A, useFactory: () => ({ run: () => "made" }), scope: Scope.REQUEST }]],
    [
      "an alias of one made for each job",
      "fake",
      [
        { provide: Fake, useClass: Fake, scope: Scope.REQUEST },
        { provide: A, useExisting: Fake },
      ],
    ],
    ["a transient one", "fake", [{ provide: A, useClass: Fake, scope: Scope.TRANSIENT }]],
    ["the subclass alone, under its own name", "fake", [Fake]],
    ["a subclass of the subclass", "fake", [class Grandchild extends Fake {}]],
  ])("%s", async (_, answer, providers) => {
    expect(await answerOf(...providers)).toBe(answer);
  });

  it("is told as what it is, and keeps what the class says of queue and retries", async () => {
    const app = await appOf({ imports: [stemOn()], providers: [{ provide: A, useClass: Fake }] });
    expect(app.get(StemRuntime).registry.need("a")).toMatchObject({ where: "Fake.run", queue: "letters", retry: { attempts: 2 } });
    expect(handlersIn(await appOf({ imports: [stemOn()], providers: [{ provide: A, useClass: Other }] }))).toEqual({
      a: "Other.run, in place of A",
    });
    expect(handlersIn(await appOf({ imports: [stemOn()], providers: [{ provide: A, useValue: { run() {} } }] }))).toEqual({
      a: "A.run, a value in its place",
    });
  });

  it("is the same to who enqueues: the subclass is the task that it handles, unless it has a task of its own", async () => {
    const app = await appOf({ imports: [stemOn()], providers: [{ provide: A, useClass: Fake }, B] });
    const stem = app.get(Stem);
    expect(await stem.enqueueAndWait(Fake, 1, soon)).toBe("fake");
    expect(await stem.enqueueAndWait(A, 1, soon)).toBe("fake");
    expect(await stem.enqueueAndWait(B, 1, soon)).toBe("b");
    expect(handlersIn(app)).toEqual({ a: "Fake.run", b: "B.run" });
  });

  it("is both tasks when it has one of its own and stands for another: no job of either waits for ever", async () => {
    const app = await appOf({ imports: [stemOn()], providers: [{ provide: A, useClass: B }] });
    expect(handlersIn(app)).toEqual({ b: "B.run", a: "B.run, in place of A" });
    expect(await app.get(Stem).enqueueAndWait(B, 1, soon)).toBe("b");
  });

  it("is handled once, though listed in several modules, and by alias", async () => {
    const value = { run: () => "value" };
    const parts: ModuleMetadata = { providers: [{ provide: A, useValue: value }] };
    @Module(parts)
    class One {}
    @Module({
      providers: [
        { provide: A, useValue: value },
        { provide: "alias", useExisting: A },
      ],
    })
    class Two {}
    const app = await appOf({ imports: [stemOn(), One, Two] });
    expect(handlersIn(app)).toEqual({ a: "A.run, a value in its place" });
    const twice = await appOf({ imports: [stemOn()], providers: [Fake, { provide: A, useClass: Fake }, { provide: "x", useExisting: A }] });
    expect(handlersIn(twice)).toEqual({ a: "Fake.run" });
  });

  it("if its methods are the tasks: those it overrides, those it inherits, and in a value those it has", async () => {
    class Mails {
      @Task()
      welcome(name: string): string {
        return `Welcome ${name}`;
      }

      @Task("bye")
      bye(name: string): string {
        return `Bye ${name}`;
      }
    }
    class Loud extends Mails {
      override welcome(name: string): string {
        return super.welcome(name).toUpperCase();
      }

      @Task()
      shout(name: string): string {
        return `${name}!`;
      }
    }
    const stem = (await appOf({ imports: [stemOn()], providers: [{ provide: Mails, useClass: Loud }] })).get(Stem);
    expect(await stem.enqueueAndWait(taskOf(Mails, "welcome"), "ada", soon)).toBe("WELCOME ADA");
    // By the subclass as well, which marks another method only.
    expect(await stem.enqueueAndWait(taskOf(Loud, "welcome"), "ada", soon)).toBe("WELCOME ADA");
    expect(await stem.enqueueAndWait(taskOf(Loud, "bye"), "ada", soon)).toBe("Bye ada");
    expect(await stem.enqueueAndWait(taskOf(Loud, "shout"), "ada", soon)).toBe("ada!");

    const value = { welcome: () => "w", bye: () => "b" };
    const mocked = (await appOf({ imports: [stemOn()], providers: [{ provide: Mails, useValue: value }] })).get(Stem);
    expect(await mocked.enqueueAndWait(taskOf(Mails, "bye"), "ada", soon)).toBe("b");
    expect(() => taskOf(Mails, "toString" as never)).toThrow(/Mails.toString is not a task/);
  });
});

describe("What is provided in place of a workflow or of a schedule", () => {
  @Workflow("order.process")
  class ProcessOrder {
    static charged: string[] = [];

    async run(order: string, ctx: WorkflowContext): Promise<string> {
      const receipt = await this.charge(order);
      await ctx.sleep("rest", "1h");
      return receipt;
    }

    @Step()
    async charge(order: string): Promise<string> {
      ProcessOrder.charged.push(`real ${order}`);
      return `real ${order}`;
    }
  }

  /** Overrides a step, without saying that it is one. */
  class CheapOrder extends ProcessOrder {
    override async charge(order: string): Promise<string> {
      ProcessOrder.charged.push(`cheap ${order}`);
      return `cheap, not ${await super.charge(order)}`;
    }
  }

  it("runs with the steps it overrides still journaled: once, however often the run is replayed", async () => {
    ProcessOrder.charged = [];
    const app = await appOf({ imports: [StemTestingModule.forRoot()], providers: [{ provide: ProcessOrder, useClass: CheapOrder }] });
    const kit = app.get(StemTestKit);
    const run = await kit.stem.start(ProcessOrder, "1");
    await kit.drainThrough("2h");
    expect(await run.result()).toBe("cheap, not real 1");
    expect(ProcessOrder.charged).toEqual(["cheap 1", "real 1"]);
    expect(app.get(StemRuntime).registry.need("order.process")).toMatchObject({ kind: "workflow", where: "CheapOrder.run" });
  });

  it("may have steps of its own, though it is no workflow by itself", async () => {
    let charged = 0;
    class Stub {
      async run(order: string, ctx: WorkflowContext): Promise<string> {
        const receipt = await this.pay(order);
        await ctx.sleep("rest", "1h");
        return receipt;
      }

      @Step()
      async pay(order: string): Promise<string> {
        charged++;
        return `stub ${order}`;
      }
    }
    const app = await appOf({ imports: [StemTestingModule.forRoot()], providers: [{ provide: ProcessOrder, useClass: Stub }] });
    const kit = app.get(StemTestKit);
    const run = await kit.stem.start(ProcessOrder, "1");
    await kit.drainThrough("2h");
    expect([await run.result(), charged]).toEqual(["stub 1", 1]);
  });

  it("is fired by the schedules of the class it stands for, on the class and on methods", async () => {
    @Cron("0 9 * * *", { payload: "daily" })
    @Task("report")
    class Report {
      run(_kind: string): string {
        return "real";
      }
    }
    class Quiet extends Report {}
    class Ticks {
      @Cron("@hourly")
      tick(): string {
        return "real";
      }
    }
    const app = await appOf({
      imports: [stemOn()],
      providers: [
        { provide: Report, useClass: Quiet },
        { provide: Ticks, useValue: { tick: () => "quiet" } },
      ],
    });
    const { schedules } = app.get(StemRuntime);
    expect(schedules.map(({ id, task, where }) => [id, task, where])).toEqual([
      ["report", "report", "Quiet.run"],
      ["ticks.tick", "ticks.tick", "Ticks.tick, a value in its place"],
    ]);
    expect(await app.get(Stem).enqueueAndWait("ticks.tick", undefined, soon)).toBe("quiet");
  });
});

describe("Overrides of a test", () => {
  const override = async (change: (builder: TestingModuleBuilder) => TestingModuleBuilder, ...providers: Provider[]): Promise<unknown> => {
    const builder = Test.createTestingModule({ imports: [StemTestingModule.forRoot()], providers: [A, ...providers] }).setLogger(silent);
    const app = await change(builder).compile();
    await app.init();
    const kit = app.get(StemTestKit);
    const job = await kit.stem.enqueue(A, 1);
    await kit.drain();
    const { state } = (await job.status())!;
    const result = state === "succeeded" ? await job.result() : state;
    await app.close();
    return result;
  };

  it.each<[string, string, (builder: TestingModuleBuilder) => TestingModuleBuilder]>([
    ["useValue", "value", (builder) => builder.overrideProvider(A).useValue({ run: async () => "value" })],
    ["useClass, undecorated", "other", (builder) => builder.overrideProvider(A).useClass(Other)],
    ["useClass, a subclass", "fake", (builder) => builder.overrideProvider(A).useClass(Fake)],
    ["useFactory", "made", (builder) => builder.overrideProvider(A).useFactory({ factory: () => ({ run: () => "made" }) })],
  ])("handle the task: %s", async (_, answer, change) => {
    expect(await override(change)).toBe(answer);
  });

  it("by a factory are one handler, though two modules list the class", async () => {
    @Module({ providers: [A] })
    class Feature {}
    const builder = Test.createTestingModule({ imports: [StemTestingModule.forRoot(), Feature], providers: [A] }).setLogger(silent);
    const app = await builder
      .overrideProvider(A)
      .useFactory({ factory: () => ({ run: () => "made" }) })
      .compile();
    await app.init();
    expect(handlersIn(app)).toEqual({ a: "A.run, a factory in its place" });
    await app.close();
  });
});

describe("The boot stops", () => {
  it("when what is provided in place of a class has not what the class is marked to do: class, method, remedy", async () => {
    class Mails {
      @Task()
      welcome(): void {}

      @Cron("@daily")
      digest(): void {}
    }
    const problems = await problemsOf({
      imports: [stemOn()],
      providers: [
        { provide: A, useValue: {} },
        {
          provide: B,
          useClass: class Idle {
            readonly idle = true;
          },
        },
        { provide: Mails, useFactory: () => ({ welcome: () => {} }) },
      ],
    });
    expect(problems.map(({ code }) => code)).toEqual(["STEM_RUN_MISSING", "STEM_RUN_MISSING", "STEM_RUN_MISSING"]);
    expect(problems[0]?.message).toMatch(
      /What is provided for A \(a value\) has no method run, which @Task on class A calls\.\n.+\{ provide: A, useValue: \{ run: async \(\) => \{\} \} \}/,
    );
    expect(problems[1]?.message).toMatch(/What is provided for B \(class Idle\) has no method run/);
    expect(problems[2]?.message).toMatch(
      /What is provided for Mails \(a factory\) has no method digest, which @Cron on Mails.digest calls/,
    );
    for (const useValue of [null, undefined, 1, "no"])
      expect(await problemsOf({ imports: [stemOn()], providers: [{ provide: A, useValue }] })).toMatchObject([
        { code: "STEM_RUN_MISSING" },
      ]);
  });

  it("when two providers handle the same task, and names both", async () => {
    const twice = async (...providers: Provider[]): Promise<string> => {
      const [problem, ...more] = await problemsOf({ imports: [stemOn()], providers });
      expect([problem?.code, more]).toEqual(["STEM_DUPLICATE_TASK", []]);
      return problem!.message;
    };
    expect(await twice(A, Fake)).toMatch(/called "a": A.run and Fake.run\.\n.+A class that extends a task is that task, too/);
    expect(await twice(Fake, { provide: A, useClass: Other })).toMatch(/called "a": Fake.run and Other.run, in place of A\./);
    expect(await twice(Fake, class Second extends A {})).toMatch(/called "a": Fake.run and Second.run\./);
  });

  it("when a class is a task and a controller by what it inherits", async () => {
    const { Controller } = await import("@nestjs/common");
    @Controller()
    class Web extends A {}
    expect(await problemsOf({ imports: [stemOn()], controllers: [Web] })).toMatchObject([{ code: "STEM_DECORATOR_MISPLACED" }]);
  });

  it("but what is made for each job can only be looked at then: the job says what is missing", async () => {
    const app = await appOf({ imports: [stemOn()], providers: [{ provide: A, useFactory: () => ({}), scope: Scope.REQUEST }] });
    await expect(
      app
        .get(StemRuntime)
        .registry.need("a")
        .run(1, {} as never),
    ).rejects.toThrow(/What is provided for A.run, a factory in its place has no method run[^]+STEM_RUN_MISSING/);
  });
});
