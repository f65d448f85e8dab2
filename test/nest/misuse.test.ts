import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { Controller, Injectable, UseGuards } from "@nestjs/common";
import { memory } from "../../lib/adapters/memory/index.js";
import { Cron } from "../../lib/nest/decorators/cron.js";
import { Step } from "../../lib/nest/decorators/step.js";
import { Task } from "../../lib/nest/decorators/task.js";
import { Workflow } from "../../lib/nest/decorators/workflow.js";
import { StemModule } from "../../lib/nest/module.js";
import { appOf, closeAfterEach, problemsOf, stemOn } from "./apps.js";

closeAfterEach();

@Task("mail.send")
class SendMail {
  run(): void {}
}

@Task("mail.send")
class SendLetter {
  run(): void {}
}

@Controller()
class Orders {
  @Task()
  place(): void {}
}

@Task()
@Controller()
class Carts {
  run(): void {}
}

// @ts-expect-error the compiler says so too
@Task()
class NoRun {}

class Statics {
  @Task()
  static clean(): void {}

  @Task()
  [Symbol.for("hidden")](): void {}
}

class Crons {
  @Cron("61 * * * *")
  bad(): void {}

  @Cron("0 9 * * *", { timeZone: "Europe/Berlín" })
  zone(): void {}

  // @ts-expect-error the compiler says so too
  @Cron("0 9 * * *", { timezone: "UTC" })
  misspelt(): void {}
}

// @ts-expect-error the compiler says so too
@Task("a b", { queue: "", priority: 11, timeout: "soon", tiemout: "1s" })
class Wrong {
  run(): void {}
}

class Steps {
  @Step()
  async charge(): Promise<void> {}
}

class WorkflowMethod {
  // @ts-expect-error the compiler says so too
  @Workflow()
  run(): void {}
}

@Task({ instance: "biling" })
class Elsewhere {
  run(): void {}
}

@Cron("* * * * *")
class CronOnly {
  run(): void {}
}

@Task()
@Workflow()
class Both {
  async run(): Promise<void> {}
}

@Injectable()
class Guarded {
  @Task()
  @UseGuards(
    class {
      canActivate = () => false;
    },
  )
  work(): void {}
}

@Workflow()
class BadStep {
  async run(): Promise<void> {}

  // @ts-expect-error the compiler says so too
  @Step({ retry: 0, timeout: "never" })
  async charge(): Promise<void> {}
}

class Twice {
  @Cron("0 9 * * *")
  @Cron("0 18 * * *")
  daily(): void {}
}

describe("A misuse stops the boot", () => {
  it("all of them in one report, each with its place and its remedy, before any store is opened", async () => {
    const adapter = memory();
    let opened = 0;
    const problems = await problemsOf({
      imports: [
        StemModule.forRoot({ adapter: { ...adapter, open: async () => void opened++ }, wroker: true, worker: { concurrency: 0 } } as never),
        stemOn({ name: "billing" }),
      ],
      controllers: [Orders, Carts],
      providers: [
        SendMail,
        SendLetter,
        NoRun,
        Statics,
        Crons,
        Wrong,
        Steps,
        WorkflowMethod,
        Elsewhere,
        CronOnly,
        Both,
        Guarded,
        BadStep,
        Twice,
      ],
    });
    expect(opened).toBe(0);
    const text = problems.map(({ message }) => message).join("\n");
    for (const part of [
      'Two handlers are called "mail.send": SendMail.run and SendLetter.run.',
      "@Task is on Orders.place, and Orders is a controller.",
      "@Task is on Carts, and Carts is a controller.",
      "Class NoRun carries @Task, but has no method run.",
      "@Task is on static Statics.clean, a static method.",
      "@Task is on Statics[Symbol(hidden)], whose name is a symbol.",
      "61 * * * *",
      "Europe/Berlín",
      'There is no option "timezone" of @Cron on Crons.misspelt.\n  → Did you mean "timeZone"?',
      '(Wrong.run) is "a b"',
      'There is no option "tiemout"',
      'queue of task "wrong" (Wrong.run) is ""',
      'priority of task "wrong" (Wrong.run) is 11',
      'timeout of task "wrong" (Wrong.run) is "soon"',
      "@Step is on Steps.charge, and Steps is not a workflow.",
      "@Workflow is on the method WorkflowMethod.run.",
      'Elsewhere.run belongs to the instance "biling" of Stem',
      'Did you mean "billing"?',
      "@Cron is on class CronOnly, which is neither a task nor a workflow.",
      /Class Both carries @(Task and @Workflow|Workflow and @Task)\./,
      "Guarded.work has guards, which do not run for jobs.",
      'retry attempts of step "charge" (BadStep.charge) are 0',
      'timeout of step "charge" (BadStep.charge) is "never"',
      'Two schedules are called "twice.daily"',
      'There is no option "wroker" of StemModule (instance "default").\n  → Did you mean "worker"?',
      "The worker's concurrency is 0.",
    ])
      expect(text).toMatch(part);
    for (const { code, message } of problems) expect(message).toMatch(new RegExp(`\\n  → .+  \\[${code}\\]$`));
  });

  it("counts them, and says what to do", async () => {
    const boot = appOf({ imports: [stemOn()], providers: [SendMail, SendLetter, Steps] });
    await expect(boot).rejects.toThrow(
      /2 things are wrong with how it uses Stem\.\n1\. .+\n.+\n2\. [^]+nothing was opened or started\.  \[STEM_BOOT\]/,
    );
  });

  it("says each thing once, and does not print every fault again with its stack", async () => {
    const error: unknown = await appOf({ imports: [stemOn()], providers: [SendMail, SendLetter] }).catch((thrown: unknown) => thrown);
    const printed = inspect(error);
    expect(printed).toMatch(/1\. Two handlers are called "mail\.send"[^]+Correct it; nothing was opened or started\./);
    expect(printed.match(/Two handlers are called/g)).toHaveLength(1);
    expect(printed.match(/Give one of them another name/g)).toHaveLength(1);
    expect(error).toMatchObject({ problems: [{ code: "STEM_DUPLICATE_TASK" }] });
  });

  it("names the store when none was given", async () => {
    const boot = appOf({ imports: [StemModule.forRoot({ adaptor: memory() } as never)] });
    await expect(boot).rejects.toThrow(/no option "adaptor"[^]+Did you mean "adapter"[^]+The option adapter[^]+adapter: memory\(\)/);
  });

  it("when two modules set up the same instance", async () => {
    const [problem] = await problemsOf({ imports: [stemOn(), stemOn()] });
    expect(problem).toMatchObject({ code: "STEM_INSTANCE_DUPLICATE" });
  });

  it("when a payload of a schedule cannot be stored", async () => {
    class Counts {
      @Cron("* * * * *", { payload: { count: 1n } })
      count(_input: { count: bigint }): void {}
    }
    const [problem] = await problemsOf({ imports: [stemOn()], providers: [Counts] });
    expect(problem).toMatchObject({
      code: "STEM_PAYLOAD_UNSERIALISABLE",
      message: expect.stringContaining("payload of @Cron on Counts.count"),
    });
  });

  it("and forRootAsync says at once which of its options is missing", () => {
    expect(() => StemModule.forRootAsync({} as never)).toThrow(/none of useFactory, useClass and useExisting/);
    expect(() => StemModule.forRootAsync(undefined as never)).toThrow(/none of useFactory, useClass and useExisting/);
  });
});

describe("STEM_ROLE", () => {
  it("stops the boot when it names no role", async () => {
    process.env["STEM_ROLE"] = "wroker";
    try {
      const [problem] = await problemsOf({ imports: [stemOn()] });
      expect(problem?.message).toMatch(/STEM_ROLE is "wroker"[^]+Did you mean "worker"\?/);
    } finally {
      delete process.env["STEM_ROLE"];
    }
  });
});
