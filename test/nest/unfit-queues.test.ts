import { describe, expect, it, jest } from "@jest/globals";
import { Injectable, Logger } from "@nestjs/common";
import { Cron } from "../../lib/nest/decorators/cron.js";
import { Task } from "../../lib/nest/decorators/task.js";
import type { StemModuleOptions } from "../../lib/nest/options.js";
import { appOf, closeAfterEach, stemOn } from "./apps.js";

closeAfterEach();

@Task("mail.send", { queue: "mail" })
class SendMail {
  run(): void {}
}

@Injectable()
class Nightly {
  @Cron("0 3 * * *", { name: "sweep" })
  sweep(): void {}

  @Cron("0 4 * * *", { name: "count", queue: "reports" })
  count(): void {}
}

/** What an app with these options warns of at its start that has to do with queues. */
async function warnings(options: Partial<StemModuleOptions>, role?: string): Promise<readonly string[]> {
  const warn = jest.spyOn(Logger.prototype, "warn").mockImplementation(() => {});
  if (role !== undefined) process.env["STEM_ROLE"] = role;
  try {
    await appOf({ imports: [stemOn({ autoStart: false, ...options })], providers: [SendMail, Nightly] });
    return warn.mock.calls.map(([line]) => String(line)).filter((line) => /queue/i.test(line));
  } finally {
    delete process.env["STEM_ROLE"];
    warn.mockRestore();
  }
}

const unserved = (id: string, where: string, queue: string): string =>
  `Schedule "${id}" (${where}) enqueues into queue "${queue}", which no worker of this process serves → Serve it here or in another process: worker: { queues: [… , "${queue}"] }, or STEM_QUEUES.`;

describe("At boot an app whose worker is told its queues", () => {
  it("is warned of each schedule that enqueues into a queue which no worker here serves: by its task, or by its own option", async () => {
    expect(await warnings({ worker: { queues: ["mail"] } })).toEqual([
      unserved("sweep", "Nightly.sweep", "default"),
      unserved("count", "Nightly.count", "reports"),
    ]);
    expect(await warnings({ worker: { queues: ["mail", "default"] } })).toEqual([unserved("count", "Nightly.count", "reports")]);
  });

  it("is warned of a queue that nothing goes to, and shown the one that was meant", async () => {
    expect(await warnings({ worker: { queues: ["mial", "default", "reports"] } })).toEqual([
      'Queue "mial" is served, and no task of this app goes there by itself → Did you mean "mail"? Only jobs enqueued with { queue: "mial" } will.',
    ]);
  });

  it("hears nothing of this when all fits, when it names no queues, and where it fires no schedules or runs no jobs", async () => {
    expect(await warnings({ worker: { queues: ["mail", "default", "reports"] } })).toEqual([]);
    expect(await warnings({})).toEqual([]);
    expect(await warnings({ beat: false, worker: { queues: ["mail"] } })).toEqual([]);
    expect(await warnings({ worker: { queues: ["mail"] } }, "beat")).toEqual([]);
  });
});
