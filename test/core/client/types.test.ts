import { describe, expect, it } from "@jest/globals";
import type { CanvasHandle, GroupHandle, JobHandle, TaskClient, WorkflowClient } from "../../../lib/core/client/face.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { type InputFor, type InputOf, markRef, type Target, type TaskRef, taskOf } from "../../../lib/core/task/ref.js";
import type { Snooze, TaskContext } from "../../../lib/core/task/task.js";
import { type EventType, defineEvent } from "../../../lib/core/event/event.js";
import { type WorkflowContext } from "../../../lib/core/context/workflow.js";

interface Mail {
  readonly to: string;
}
interface Receipt {
  readonly at: number;
}

class SendMail {
  async run(input: Mail, ctx: TaskContext): Promise<Receipt | Snooze> {
    return input.to === "" ? ctx.snooze("1m") : { at: 1 };
  }
}
class SyncStock {
  run(): void {}
}
class Total {
  run(receipts: readonly Receipt[]): number {
    return receipts.length;
  }
}
class Many {
  later(input: { readonly n: number }): string {
    return String(input.n);
  }
  maybe(input?: { readonly n: number }): void {
    void input;
  }
}
markRef(SendMail, "run", { name: "mail.send", queue: "mail" });
markRef(Many, "later", { name: "many.later" });
markRef(Many, "maybe", { name: "many.maybe" });

// What a payload may be declared as, any and its siblings.
class Anything {
  // oxlint-disable-next-line typescript/no-explicit-any
  async run(input: any): Promise<void> {
    void input;
  }
  // oxlint-disable-next-line typescript/no-explicit-any
  spread(...args: any[]): void {
    void args;
  }
  unknown(input: unknown): void {
    void input;
  }
  generic<T>(input: T): T {
    return input;
  }
  nothing(input: undefined, ctx: TaskContext): string {
    return `${String(input)} ${ctx.jobId}`;
  }
  orNull(input: Mail | null): void {
    void input;
  }
  defaulted(input: Mail = { to: "a" }): void {
    void input;
  }
}
class Ship {
  async run(order: Mail, ctx: WorkflowContext): Promise<string> {
    return `${order.to} ${ctx.runId}`;
  }
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only if the two types are the same. */
function same<A, B>(proof: Same<A, B>): void {
  void proof;
}
async function typed<T>(given: Promise<T>): Promise<T> {
  return given;
}

/**
 * Checked by `tsc`, never called: each `@ts-expect-error` is a promise that the line below does not compile.
 */
export async function compiles(
  stem: Stem,
  client: TaskClient<Mail, Receipt>,
  sync: TaskClient<void, void>,
  flow: WorkflowClient<Mail, void>,
): Promise<void> {
  const sent = await typed(stem.enqueue(SendMail, { to: "a" }, { delay: "5m" }));
  same<typeof sent, JobHandle<Receipt>>(true);
  // @ts-expect-error the payload is of another type
  await stem.enqueue(SendMail, { to: 1 });
  // @ts-expect-error the payload may not be left out
  await stem.enqueue(SendMail);
  // @ts-expect-error there is no such option
  await stem.enqueue(SendMail, { to: "a" }, { dealy: "5m" });
  // @ts-expect-error "5 minutes" is no duration
  await stem.enqueue(SendMail, { to: "a" }, { delay: "5 minutes" });
  await stem.enqueue(Anything, { at: 1 });
  await stem.enqueue(Anything);
  await stem.enqueue(Anything, 1, { delay: "1m" });
  await stem.enqueueMany(Anything, [1, "two"]);
  await stem.task<InputOf<Anything, "run">, void>("any").enqueue({ at: 1 });
  stem.signature(Anything, { at: 1 });
  await stem.enqueue(taskOf(Anything, "spread"), { at: 1 });
  await stem.enqueue(taskOf(Anything, "unknown"), { at: 1 });
  await stem.enqueue(taskOf(Anything, "unknown"));
  await stem.enqueue(taskOf(Anything, "generic"), { at: 1 });
  await stem.enqueue(taskOf(Anything, "nothing"));
  await stem.enqueue(taskOf(Anything, "orNull"), null);
  // @ts-expect-error null is not nothing
  await stem.enqueue(taskOf(Anything, "orNull"));
  await stem.enqueue(taskOf(Anything, "defaulted"));
  // @ts-expect-error no option of that name, whatever the payload is
  await stem.enqueue(Anything, 1, { dealy: "1m" });

  // @ts-expect-error the class has no method run: taskOf names one of its methods
  await stem.enqueue(Many, { n: 1 });
  const why: InputFor<typeof Many>["~refused"] = "This class has no method run: give taskOf(TheClass, 'method')";
  void why;
  await stem.start(Ship, { to: "a" });
  await stem.start("ship", { to: "a" });
  // @ts-expect-error a workflow is started
  await stem.enqueue(Ship, { to: "a" });
  // @ts-expect-error a task is enqueued
  await stem.start(SendMail, { to: "a" });
  // @ts-expect-error so is its client
  await stem.start(client, { to: "a" });
  await stem.start(flow, { to: "a" });
  // @ts-expect-error and that of a workflow is started
  await stem.enqueue(flow, { to: "a" });
  // @ts-expect-error chain takes its signatures side by side
  await stem.chain([stem.signature(SendMail)]);

  await stem.enqueue(SyncStock);
  await stem.enqueue(SyncStock, undefined, { priority: 3 });
  // @ts-expect-error it takes no payload
  await stem.enqueue(SyncStock, { to: "a" });
  const late = await typed(stem.enqueue(taskOf(Many, "later"), { n: 1 }));
  same<typeof late, JobHandle<string>>(true);
  await stem.enqueue(taskOf(Many, "maybe"));
  const named = await typed(stem.enqueue("mail.send", { anything: true }));
  same<typeof named, JobHandle<unknown>>(true);
  await stem.enqueue("mail.send");
  await stem.enqueueMany(SendMail, [{ to: "a" }], { id: "x" });
  // @ts-expect-error one of them is of another type
  await stem.enqueueMany(SendMail, [{ to: "a" }, { to: 2 }]);
  const receipt = await stem.enqueueAndWait(SendMail, { to: "a" }, { timeout: "1s" });
  same<typeof receipt, Receipt>(true);

  const target: Target = client;
  await stem.enqueue(target, undefined);
  const viaClient = await stem.enqueue(client, { to: "a" });
  same<typeof viaClient, JobHandle<Receipt>>(true);
  await client.enqueue({ to: "a" });
  // @ts-expect-error the payload may not be left out
  await client.enqueue();
  await sync.enqueue();
  same<Awaited<ReturnType<typeof client.enqueueAndWait>>, Receipt>(true);

  const total = stem.signature(Total);
  const group = await stem.group([client.signature({ to: "a" }), stem.signature(SendMail, { to: "b" })]);
  same<typeof group, GroupHandle<Receipt>>(true);
  const chord = await stem.chord([client.signature({ to: "a" })], total);
  same<typeof chord, CanvasHandle<number>>(true);
  const chain = await stem.chain(client.signature({ to: "a" }), stem.signature(taskOf(Many, "later")));
  same<typeof chain, CanvasHandle<string>>(true);
  const again = await stem.chain(client.signature({ to: "a" }), total, { id: "once" });
  same<typeof again, CanvasHandle<number>>(true);
  // @ts-expect-error a handle is not a signature
  await stem.chain(sent);
  // @ts-expect-error nor is a promise
  await stem.chain(client.enqueue({ to: "a" }));
  // @ts-expect-error ids belong to the canvas
  client.signature({ to: "a" }, { id: "x" });
  // @ts-expect-error the payload is of another type
  stem.signature(SendMail, { to: 3 });

  const shipped: EventType<{ parcel: string }> = defineEvent("order.shipped");
  await stem.emit(shipped, "o1", { parcel: "p" });
  // @ts-expect-error the event's payload is of another type
  await stem.emit(shipped, "o1", { parcel: 1 });
  const ref: TaskRef<Mail, Receipt> = client;
  void ref;
}

describe("Types of the client", () => {
  it("are held by the compiler, in this file", () => {
    expect(compiles).toBeInstanceOf(Function);
  });
});
