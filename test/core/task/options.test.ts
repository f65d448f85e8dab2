import { describe, expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import type { NewJob } from "../../../lib/contract/job.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { defineTask } from "../../../lib/core/task/define.js";
import {
  CLIENT_OPTIONS,
  ENQUEUE_OPTIONS,
  type OptionName,
  OPTIONS,
  SCHEDULE_OPTIONS,
  SIGNATURE_OPTIONS,
  TASK_OPTIONS,
} from "../../../lib/core/task/options.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import { scheduleOf } from "../../../lib/nest/explore/schedules.js";

const schema = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } };

/** A right value of each option that is not its default, and one that no place takes. */
const VALUES = {
  id: { right: "mine", wrong: 5 },
  again: { right: true, wrong: "yes" },
  unique: { right: { key: "k", until: "ended", whenHeld: "keep" }, wrong: { key: "k", til: "ended" } },
  transaction: { right: {}, wrong: undefined },
  queue: { right: "mail", wrong: "no queue" },
  priority: { right: 7, wrong: 10 },
  keepResult: { right: "5m", wrong: "soon" },
  keepFailed: { right: "5m", wrong: "soon" },
  delay: { right: "5m", wrong: "soon" },
  at: { right: new Date(2_000_000_000_000), wrong: "soon" },
  expiresIn: { right: "5m", wrong: "soon" },
  retry: { right: 8, wrong: "often" },
  headers: { right: { tenant: "acme" }, wrong: { tenant: 5 } },
  onFailure: { right: "continue", wrong: "ignore" },
  timeZone: { right: "Asia/Tokyo", wrong: "Asia/Nowhere" },
  timeout: { right: "5m", wrong: "soon" },
  input: { right: schema, wrong: {} },
  output: { right: schema, wrong: {} },
  validate: { right: false, wrong: "no" },
} satisfies { readonly [K in OptionName]: { readonly right: unknown; readonly wrong: unknown } };

/** A place where options are given: what they make there, as text. */
type Place = (options: Readonly<Record<string, unknown>>) => Promise<string> | string;

class Crons {
  run(): void {}
}

const PLACES: { readonly [place: string]: { readonly names: readonly OptionName[]; readonly make: Place } } = {
  "a job": {
    names: ENQUEUE_OPTIONS,
    async make(options) {
      const { stem, stored, transactions } = await producer();
      const id = { ...("again" in options && { id: "mine" }) };
      await stem.enqueue("task", undefined, { queue: "usual", ...id, ...options } as never);
      return JSON.stringify([stored, transactions]);
    },
  },
  "a signature": {
    names: SIGNATURE_OPTIONS,
    async make(options) {
      const { stem, stored } = await producer();
      const [first, second] = [
        stem.signature("task", 1, { queue: "usual", ...options } as never),
        stem.signature("task", 2, { queue: "usual" }),
      ];
      await stem.chain(first, second);
      return JSON.stringify(stored);
    },
  },
  "a schedule": {
    names: SCHEDULE_OPTIONS,
    async make(options) {
      const { stem, stored } = await producer();
      const schedule = await stem.task("task", { queue: "usual" }).schedule("daily", "0 9 * * *", undefined, options as never);
      await schedule.trigger();
      return JSON.stringify([stored, await schedule.next()]);
    },
  },
  "@Cron": {
    names: SCHEDULE_OPTIONS,
    make: (options) => made("Cron", options, undefined),
  },
  "@Cron on a @Task": {
    names: SCHEDULE_OPTIONS,
    make: (options) => made("Cron", options, { by: "Task" }),
  },
  "a task": {
    names: TASK_OPTIONS,
    make: (options) => JSON.stringify(defineTask({ name: "task", kind: "task", where: "Crons.run", run: () => {} }, options)),
  },
  "a client": {
    names: CLIENT_OPTIONS,
    async make(options) {
      const { stem, stored } = await producer();
      await stem.task("task", { queue: "usual", ...options } as never).enqueue();
      return JSON.stringify(stored);
    },
  },
};

function made(by: "Cron", options: object, given: { readonly by: "Task" } | undefined): string {
  const mark = (said: { readonly by: "Cron" | "Task" }, own: object) =>
    ({ ...said, text: said.by === "Cron" ? "0 9 * * *" : "task", options: own, owner: Crons, method: "run" }) as never;
  const instance = new Crons();
  const { schedules, problems } = scheduleOf(mark({ by }, options), "Crons.run", given && mark(given, {}), { instance });
  if (problems.length > 0) throw problems[0];
  return JSON.stringify(schedules);
}

/** A Stem on memory at a fixed time, and the jobs it stores. */
async function producer() {
  const adapter = memory();
  await adapter.open();
  const stored: NewJob[] = [];
  const transactions: unknown[] = [];
  Object.assign(adapter.broker, {
    enqueue: async (jobs: readonly NewJob[], options?: { readonly transaction?: unknown }) => {
      stored.push(...jobs);
      transactions.push(options?.transaction);
      return { met: [] };
    },
  });
  let n = 0;
  return { stem: new Stem({ adapter, registry: new TaskRegistry(), ids: () => `id-${n++}` }), stored, transactions };
}

const NAMES = Object.keys(OPTIONS) as readonly OptionName[];

describe.each(Object.entries(PLACES))("The options of %s", (place, { names, make }) => {
  it.each(names)("%s: a right one makes a difference", async (name) => {
    expect(await make({ [name]: VALUES[name].right })).not.toBe(await make("again" === name ? { id: "mine" } : {}));
  });

  it.each(names.filter((name) => VALUES[name].wrong !== undefined))("%s: a wrong one is refused by name", async (name) => {
    const refused = (async () => make({ [name]: VALUES[name].wrong }))();
    await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/^STEM_/), message: expect.stringMatching(said(name)) });
  });

  it.each(NAMES.filter((name) => !names.includes(name)))(`%s does not hold for ${place}`, async (name) => {
    const refused = (async () => make({ [name]: VALUES[name].right }))();
    await expect(refused).rejects.toMatchObject({ code: "STEM_OPTION_UNKNOWN" });
  });
});

function said(name: OptionName): RegExp {
  return name === "timeZone" ? /time zone/i : name === "headers" ? /header/i : new RegExp(name, "i");
}
