import { describe, expect, it } from "@jest/globals";
import { Inject, Injectable, Module, Scope } from "@nestjs/common";
import { ContextIdFactory, REQUEST, type ContextId, type ContextIdStrategy, type HostComponentInfo } from "@nestjs/core";
import { Stem } from "../../lib/core/client/stem.js";
import { taskOf } from "../../lib/core/task/ref.js";
import type { TaskContext } from "../../lib/core/task/task.js";
import { Cron } from "../../lib/nest/decorators/cron.js";
import { Task } from "../../lib/nest/decorators/task.js";
import { Workflow } from "../../lib/nest/decorators/workflow.js";
import { StemRuntime } from "../../lib/nest/runtime.js";
import { appOf, closeAfterEach, stemOn } from "./apps.js";

closeAfterEach();

const soon = { timeout: "5s" } as const;

@Injectable()
class Mailer {
  readonly sent: string[] = [];
}

@Task("mail.send", { queue: "mail" })
class SendMail {
  constructor(private readonly mailer: Mailer) {}

  run(input: { readonly to: string }, ctx: TaskContext): string {
    this.mailer.sent.push(input.to);
    return `${ctx.task} to ${input.to}, attempt ${ctx.attempt}`;
  }
}

@Injectable()
class MailTasks {
  readonly #greeting = "Welcome";

  @Task()
  async welcome(name: string): Promise<string> {
    return `${this.#greeting} ${name}`;
  }

  @Task("mail.bye", { queue: "mail" })
  async bye(name: string): Promise<string> {
    return `Bye ${name}`;
  }
}

describe("Handlers", () => {
  it("are classes with injected providers, and methods with their `this`; payload first, context second", async () => {
    const app = await appOf({ imports: [stemOn()], providers: [Mailer, SendMail, MailTasks] });
    const stem = app.get(Stem);
    expect(await stem.enqueueAndWait(SendMail, { to: "ada" }, soon)).toBe("mail.send to ada, attempt 1");
    expect(app.get(Mailer).sent).toEqual(["ada"]);
    expect(await stem.enqueueAndWait(taskOf(MailTasks, "welcome"), "Ada", soon)).toBe("Welcome Ada");
    expect(await stem.enqueueAndWait("mail.bye", "Ada", soon)).toBe("Bye Ada");
  });

  it("are named after class and method unless named otherwise, and say where they are", async () => {
    const app = await appOf({ imports: [stemOn()], providers: [Mailer, SendMail, MailTasks] });
    const all = app.get(StemRuntime).registry.all();
    expect(all.map(({ name, where, queue, kind }) => [name, where, queue, kind]).sort()).toEqual([
      ["mail.bye", "MailTasks.bye", "mail", "task"],
      ["mail.send", "SendMail.run", "mail", "task"],
      ["mailTasks.welcome", "MailTasks.welcome", "default", "task"],
    ]);
  });

  it("are found once, whatever provides them: aliases, several modules, factories, values", async () => {
    @Module({ providers: [Mailer, SendMail], exports: [SendMail] })
    class One {}
    @Module({ providers: [Mailer, SendMail, { provide: "alias", useExisting: SendMail }] })
    class Two {}
    const app = await appOf({
      imports: [stemOn(), One, Two],
      providers: [
        { provide: "factory", useFactory: () => new MailTasks() },
        { provide: "nothing", useValue: null },
        { provide: "bare", useValue: Object.create(null) as object },
      ],
    });
    expect(app.get(StemRuntime).registry.names()).toEqual(expect.arrayContaining(["mail.send", "mail.bye", "mailTasks.welcome"]));
    expect(await app.get(Stem).enqueueAndWait("mail.bye", "Ada", soon)).toBe("Bye Ada");
  });

  it("are inherited with their methods, under the name of the class that has the source", async () => {
    abstract class Tasks {
      abstract readonly word: string;

      @Task()
      say(): string {
        return this.word;
      }
    }
    class Hello extends Tasks {
      readonly word = "hello";
    }
    const app = await appOf({ imports: [stemOn()], providers: [Hello] });
    expect(await app.get(Stem).enqueueAndWait("tasks.say", undefined, soon)).toBe("hello");
    expect(app.get(StemRuntime).registry.need("tasks.say").where).toBe("Hello.say");
  });
});

describe("Schedules", () => {
  it("are made of @Cron on task classes, workflow classes, task methods and plain methods, which become tasks", async () => {
    @Cron("0 9 * * *", { payload: { to: "ada" }, queue: "slow", expiresIn: "1h" })
    @Task("report.send")
    class Report {
      run(_input: { to: string }): void {}
    }
    @Workflow()
    @Cron("@daily", { name: "nightly", timeZone: "Europe/Berlin" })
    class CleanUp {
      async run(): Promise<void> {}
    }
    class Ticks {
      @Task("tick.named")
      @Cron("*/2 * * * * *")
      named(): void {}

      @Cron("0 * * * *", { queue: "ticks", priority: 2 })
      plain(): void {}
    }
    const app = await appOf({ imports: [stemOn()], providers: [Report, CleanUp, Ticks] });
    const { registry, schedules, worker } = app.get(StemRuntime);
    expect(schedules.map(({ id, task, cron, timeZone }) => [id, task, cron, timeZone])).toEqual([
      ["report.send", "report.send", "0 9 * * *", "UTC"],
      ["nightly", "cleanUp", "@daily", "Europe/Berlin"],
      ["tick.named", "tick.named", "*/2 * * * * *", "UTC"],
      ["ticks.plain", "ticks.plain", "0 * * * *", "UTC"],
    ]);
    expect(schedules[0]).toMatchObject({ payload: { to: "ada" }, options: { queue: "slow", expiresIn: "1h" }, where: "Report.run" });
    expect(registry.need("ticks.plain")).toMatchObject({ kind: "task", queue: "ticks", priority: 2, where: "Ticks.plain" });
    expect(registry.need("cleanUp").kind).toBe("workflow");
    // Also the queue that only a schedule sends to.
    expect(worker?.queues).toEqual(["default", "slow", "ticks"]);
    expect(taskOf(Ticks, "plain")).toMatchObject({ name: "ticks.plain", queue: "ticks" });
    expect(taskOf(Ticks, "named")).toMatchObject({ name: "tick.named" });
  });
});

describe("Scopes", () => {
  it("a request-scoped handler is made for each job, and REQUEST is the job's context", async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {
      constructor(@Inject(REQUEST) readonly context: TaskContext) {
        made++;
      }
    }
    @Task()
    class Scoped {
      constructor(private readonly tenant: Tenant) {}

      run(_input: string, ctx: TaskContext): boolean {
        return this.tenant.context === ctx && this.tenant.context.headers["tenant"] === "acme";
      }
    }
    const app = await appOf({ imports: [stemOn()], providers: [Tenant, Scoped] });
    expect(made).toBe(0);
    const jobs = await Promise.all([1, 2, 3].map((n) => app.get(Stem).enqueue(Scoped, `${n}`, { headers: { tenant: "acme" } })));
    expect(await Promise.all(jobs.map((job) => job.result(soon)))).toEqual([true, true, true]);
    expect(made).toBe(3);
  });

  it("@Task does not take away the scope that @Injectable gave, in either order", async () => {
    @Task("above")
    @Injectable({ scope: Scope.REQUEST })
    class Above {
      static made = 0;
      constructor() {
        Above.made++;
      }
      run(): void {}
    }
    @Injectable({ scope: Scope.REQUEST })
    @Task("below")
    class Below {
      static made = 0;
      constructor() {
        Below.made++;
      }
      run(): void {}
    }
    const app = await appOf({ imports: [stemOn()], providers: [Above, Below] });
    for (const task of [Above, Above, Below, Below]) await app.get(Stem).enqueueAndWait(task, undefined, soon);
    expect([Above.made, Below.made]).toEqual([2, 2]);
  });

  it("a transient handler has one instance of its own", async () => {
    const seen = new Set<object>();
    @Task()
    @Injectable({ scope: Scope.TRANSIENT })
    class Passing {
      constructor(readonly mailer: Mailer) {}

      run(): number {
        seen.add(this);
        return this.mailer.sent.length;
      }
    }
    const app = await appOf({ imports: [stemOn()], providers: [Mailer, Passing] });
    for (let n = 0; n < 3; n++) expect(await app.get(Stem).enqueueAndWait(Passing, undefined, soon)).toBe(0);
    expect(seen.size).toBe(1);
  });

  it("a durable handler lives as long as its strategy says, chosen by the job's headers", async () => {
    const trees = new Map<string, ContextId>();
    class ByTenant implements ContextIdStrategy<TaskContext> {
      attach(contextId: ContextId, context: TaskContext) {
        const tenant = context.headers["tenant"] ?? "";
        const tree = trees.get(tenant) ?? ContextIdFactory.create();
        trees.set(tenant, tree);
        return { resolve: (info: HostComponentInfo) => (info.isTreeDurable ? tree : contextId), payload: { tenant } };
      }
    }
    let made = 0;
    @Task()
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class OfTenant {
      constructor(@Inject(REQUEST) private readonly payload: { tenant: string }) {
        made++;
      }

      run(): string {
        return this.payload.tenant;
      }
    }
    const app = await appOf({ imports: [stemOn()], providers: [OfTenant] });
    ContextIdFactory.apply(new ByTenant());
    try {
      const results: string[] = [];
      for (const tenant of ["acme", "bolt", "acme", "bolt"])
        results.push(await app.get(Stem).enqueueAndWait(OfTenant, undefined, { ...soon, headers: { tenant } }));
      expect(results).toEqual(["acme", "bolt", "acme", "bolt"]);
      expect(made).toBe(2);
    } finally {
      ContextIdFactory.apply(undefined as never);
    }
  });
});
