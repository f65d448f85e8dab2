import { describe, expect, it } from "@jest/globals";
import { Cron } from "../../lib/nest/decorators/cron.js";
import { Step } from "../../lib/nest/decorators/step.js";
import { Task } from "../../lib/nest/decorators/task.js";
import { Workflow } from "../../lib/nest/decorators/workflow.js";
import { StemModule } from "../../lib/nest/module.js";
import type { TaskContext } from "../../lib/core/task/task.js";
import type { WorkflowContext } from "../../lib/core/context/workflow.js";

// What must not compile. `tsc` checks this file: an expected error that does not come is an error.

@Task()
class Right {
  run(_input: { readonly to: string }, _ctx: TaskContext): number {
    return 1;
  }
}

@Task("right.none", { retry: 3, timeout: "30s", instance: "billing" })
class RightNone {
  async run(): Promise<void> {}
}

@Task({ name: "right.named", queue: "mail" })
class RightNamed {
  run(_input: string): void {}
}

// @ts-expect-error there is no method run
@Task()
class NoRun {
  go(): void {}
}

// @ts-expect-error the context comes second
@Task()
class ContextFirst {
  run(_ctx: TaskContext, _input: string): void {}
}

// @ts-expect-error a task gets no WorkflowContext
@Task()
class WrongContext {
  run(_input: string, _ctx: WorkflowContext): void {}
}

// @ts-expect-error two parameters at most
@Task()
class ThreeParameters {
  run(_input: string, _ctx: TaskContext, _more: string): void {}
}

// @ts-expect-error there is no option tiemout
@Task("right", { tiemout: "30s" })
class UnknownOption {
  run(): void {}
}

// @ts-expect-error the name is given twice
@Task("right", { name: "again" })
class NamedTwice {
  run(): void {}
}

// @ts-expect-error not a duration
@Task("right", { timeout: "soon" })
class BadDuration {
  run(): void {}
}

@Workflow()
class RightWorkflow {
  async run(order: { readonly id: string }, _ctx: WorkflowContext): Promise<string> {
    return this.charge(order);
  }

  @Step({ retry: 3 })
  async charge(order: { readonly id: string }): Promise<string> {
    return order.id;
  }

  @Step("ship", { timeout: "1m" })
  async send(): Promise<void> {}

  // @ts-expect-error a step is journaled, so it returns a promise
  @Step()
  soon(): number {
    return 1;
  }
}

// @ts-expect-error a workflow gets no TaskContext
@Workflow()
class WorkflowOfTask {
  async run(_input: string, ctx: TaskContext): Promise<void> {
    ctx.snooze("1m");
  }
}

class Methods {
  @Task()
  right(_input: string, _ctx: TaskContext): void {}

  // @ts-expect-error a workflow is a class
  @Workflow()
  workflow(): void {}

  // @ts-expect-error the context comes second
  @Task()
  wrong(_ctx: TaskContext, _input: string): void {}

  @Cron("* * * * *")
  plain(): void {}

  @Cron("* * * * *", { timeZone: "Europe/Berlin" })
  withContext(_input: undefined, _ctx: TaskContext): void {}

  @Cron("* * * * *", { payload: { kind: "daily", days: [1, 2] } })
  withPayload(_input: { kind: "daily" | "weekly"; days: number[] }): void {}

  // @ts-expect-error the payload is missing
  @Cron("* * * * *")
  needsPayload(_input: { kind: string }): void {}

  // @ts-expect-error the payload does not fit
  @Cron("* * * * *", { payload: { kind: 1 } })
  otherPayload(_input: { kind: string }): void {}
}

@Cron("0 9 * * *", { payload: { to: "a" } })
@Task()
class CronTask {
  run(_input: { to: string }): void {}
}

@Cron("0 9 * * *")
@Workflow()
class CronWorkflow {
  async run(_input: undefined, _ctx: WorkflowContext): Promise<void> {}
}

// @ts-expect-error the payload is missing
@Cron("0 9 * * *")
@Task()
class CronWithoutPayload {
  run(_input: { to: string }): void {}
}

function neverCalled(): void {
  // @ts-expect-error an adapter is needed
  StemModule.forRoot({});
  // @ts-expect-error exactly one way to get options
  StemModule.forRootAsync({
    useFactory: () => ({ adapter: {} as never }),
    useClass: class {
      createStemOptions = () => ({ adapter: {} as never });
    },
  });
  // @ts-expect-error one way is needed
  StemModule.forRootAsync({});
  StemModule.forRootAsync({ name: "billing", inject: ["PATH"], useFactory: (_path: string) => ({ adapter: {} as never }) });
}

describe("Types of the decorators", () => {
  it("refuse wrong handlers when compiled, and only mark at run time: a wrong decorator throws at boot, not at import", () => {
    const all = [Right, RightNone, RightNamed, NoRun, ContextFirst, WrongContext, ThreeParameters, UnknownOption, NamedTwice, BadDuration];
    expect([...all, RightWorkflow, WorkflowOfTask, Methods, CronTask, CronWorkflow, CronWithoutPayload, neverCalled]).toHaveLength(17);
  });
});
