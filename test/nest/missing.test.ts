import { describe, expect, it } from "@jest/globals";
import type { Type } from "@nestjs/common";
import { Stem, type StemDefinitions, Task, Workflow } from "../../lib/index.js";
import { appOf, closeAfterEach, stemOn } from "./apps.js";

@Task("mail.send")
class SendMail {
  run(): string {
    return "sent";
  }
}

/** Was called "order.process". */
@Workflow("order.handle")
class ProcessOrder {
  run(): string {
    return "done";
  }
}

const definitions: StemDefinitions = {
  hash: "h",
  tasks: {
    "mail.send": { kind: "task", output: { type: "string" }, handler: "SendMail (src/mail/send-mail.task.ts)" },
    "order.handle": { kind: "workflow", output: { type: "string" }, handler: "ProcessOrder (src/order.workflow.ts)" },
  },
};
const Client = clientOf(definitions);
/** From before the workflow was called otherwise. */
const Older = clientOf({
  ...definitions,
  tasks: { "mail.send": definitions.tasks["mail.send"]!, "order.process": definitions.tasks["order.handle"]! },
});

function clientOf(of: StemDefinitions): Type {
  return Object.assign(function () {} as unknown as Type, { definitions: of });
}

/** Warnings of an app that is being developed, once it has tried a job of each of these tasks. */
async function warnings(client: Type, providers: readonly Type[], ...tasks: readonly string[]): Promise<readonly string[]> {
  const told: string[] = [];
  const log = { log() {}, error() {}, warn: (line: unknown) => void told.push(String(line)) };
  const app = await appOf({ imports: [stemOn({ clients: [client] })], providers: [...providers] }, (made) =>
    made.overrideProvider("nestjs-stem:environment").useValue({ role: undefined, production: false }).setLogger(log),
  );
  for (const task of tasks) await app.get(Stem).enqueue(task, undefined, { queue: "default" });
  while (tasks.some((task) => !told.some((line) => line.includes(`of "${task}"`)))) await new Promise((resolve) => setTimeout(resolve, 10));
  return told;
}

closeAfterEach();

describe("A class that no module lists among its providers", () => {
  it("is named with its file at the start of an app whose client knows it", async () => {
    expect(await warnings(Client, [ProcessOrder])).toEqual([
      [
        "The generated client and the handlers of this process do not fit together:",
        `  task "mail.send" of the client has no handler here, where its queue "default" is served: add class SendMail (src/mail/send-mail.task.ts) to a module's providers`,
        "  → Add what is named to the providers; only of a task that is gone, run: npx stem generate  [STEM_CLIENT_STALE]",
      ].join("\n"),
    ]);
  });

  it("is named with its file by the worker that is lent the first of its jobs, with the client and without", async () => {
    const [, told] = await warnings(Client, [ProcessOrder], "mail.send");
    expect(told).toContain("→ Add class SendMail (src/mail/send-mail.task.ts) to a module's providers.");
    expect(told).toContain("If another app handles it, give it a queue that this worker does not serve.");
    const [bare] = await warnings(clientOf({ hash: "h", tasks: {} }), [ProcessOrder], "mail.send");
    expect(bare).toContain(`→ Add the class that carries @Task("mail.send") to a module's providers.`);
  });
});

describe("A handler that is called otherwise now", () => {
  it("is told by its new name at the start, since its class is among the providers", async () => {
    expect(await warnings(Older, [SendMail, ProcessOrder])).toEqual([
      [
        "The generated client and the handlers of this process do not fit together:",
        '  workflow "order.handle" (ProcessOrder.run) is not in the client',
        '  workflow "order.process" of the client has no handler here: if it is ProcessOrder.run now ("order.handle"), run npx stem generate; else add class ProcessOrder (src/order.workflow.ts) to a module\'s providers',
        "  → Run: npx stem generate  [STEM_CLIENT_STALE]",
      ].join("\n"),
    ]);
  });

  it("leaves runs of the old name, of which the worker says what to do", async () => {
    const [told] = await warnings(Client, [SendMail, ProcessOrder], "order.process");
    expect(told).toContain('No task named "order.process" is registered here');
    expect(told).toContain("If it was renamed or taken out, keep a handler of the old name until its jobs have ended.");
  });
});
