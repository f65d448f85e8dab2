import { expect, it } from "@jest/globals";
import type { NewJob } from "../../lib/contract/index.js";
import { Stem } from "../../lib/core/client/stem.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { between, figures, LONG, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const [ROUNDS, TIME] = LONG ? [100, 300] : [5, 60];

/**
 * Text that no producer of ours writes, and that decoders, databases and protocols are known to trip over.
 */
const NASTY = [
  "",
  " ",
  "{",
  "[1,",
  "nul",
  "undefined",
  "'; DROP TABLE jobs; --",
  "\u0000",
  "a\u0000b",
  "\ud800",
  '"\\ud800"',
  '"\\ud83d"',
  '"a\\u0000b"',
  "\r\n*1\r\n$4\r\nPING\r\n",
  "{{}}",
  "%s%n",
  "🐛".repeat(1_000),
  "[".repeat(100_000),
  '{"__proto__":{"n":1}}',
  '{"n":1e999}',
  "x".repeat(300_000),
];

const ODD_IDS = ["a b", "ü", "{tag}", "a:b:c", "'", "%", "🐛", "-", "a\tb", "x".repeat(200)];

function mangled(text: string): string {
  const at = between(0, text.length);
  return text.slice(0, at) + String.fromCharCode(between(0, 65_535)) + text.slice(at + between(0, 3));
}

/** A job as a stranger's program might write it into the store, past everything that core checks. */
function stranger(n: number): NewJob {
  const payload = n % 2 === 0 ? NASTY[(n / 2) % NASTY.length]! : mangled('{"n":3,"ms":1}');
  const headers = n % 3 === 0 ? { [`h-${NASTY[n % 8]!}`]: NASTY[(n + 3) % NASTY.length]!.slice(0, 100), "stem-format": "none" } : undefined;
  const task = n % 7 === 0 ? ["nobody", "Square", "square ", "__proto__", "constructor"][(n / 7) % 5]! : "picky";
  return {
    id: `${task === "picky" ? "stranger" : "unknown"}-${n}`,
    task,
    queue: "default",
    payload,
    ...(headers !== undefined && { headers }),
  };
}

describeOn(STORES, "What no producer of ours would write on $name", (store) => {
  it.concurrent(
    "is refused when it is stored, or ends as a dead letter that can be read, or runs; no worker falls, and others' jobs are done",
    async () => {
      await withFleet(store, TIME, async (fleet) => {
        const stem = new Stem({ adapter: fleet.adapter, registry: new TaskRegistry() });
        const worker = fleet.worker({ concurrency: 10 });
        await worker.says("ready");
        const expected = new Map<string, unknown>();
        const stored: string[] = [];
        let refused = 0;
        for (let round = 0; round < ROUNDS; round++) {
          for (let i = 0; i < 2 * NASTY.length; i++) {
            const job = stranger(round * 2 * NASTY.length + i);
            try {
              await fleet.adapter.broker.enqueue([job]);
              stored.push(job.id);
            } catch (error) {
              expect({ id: job.id, code: (error as { code?: string }).code }).toEqual({
                id: job.id,
                code: expect.stringMatching(/^STEM_/),
              });
              refused++;
            }
          }
          for (const id of ODD_IDS) {
            const n = expected.size;
            const [job] = await stem
              .task<{ n: number }>("square", { queue: "default" })
              .enqueueMany([{ n }], { id: `${id.slice(0, 150)}${round}` });
            expected.set(job!.id, { n, square: n * n });
          }
        }
        // A task that nobody knows is handed back, for a worker that is newer might know it; longer than a
        // test can wait.
        const unknown = stored.filter((id) => id.startsWith("unknown"));
        await until("only tasks that nobody knows are left", async () => (await fleet.unfinished()) <= unknown.length);
        await until("each was handed back", async () => {
          const records = await fleet.adapter.jobs.get(unknown);
          return records.every((record) => record?.error?.code === "STEM_UNKNOWN_TASK" && record.attempts <= 1);
        });
        expect((await stem.cancel(unknown)).filter((one) => one.as !== "cancelled")).toEqual([]);
        expect((await fleet.stop(worker)).code).toBe(0);
        for (const [id, result] of expected) {
          const [record] = await fleet.adapter.jobs.get([id]);
          expect(record).toMatchObject({ id, state: "succeeded", lapses: 0, result: JSON.stringify(result) });
          expect(fleet.ledger.of("start", id)).toHaveLength(1);
        }
        let [dead, ran] = [0, 0];
        for (const record of await fleet.adapter.jobs.get(stored)) {
          expect(record).toBeDefined();
          const { id, state, cause, error } = record!;
          if (id.startsWith("unknown")) expect({ id, state }).toEqual({ id, state: "cancelled" });
          else if (state === "succeeded") ran++;
          else {
            dead++;
            expect({ id, state, cause, message: error!.message.length > 0 }).toEqual({
              id,
              state: "failed",
              cause: expect.stringMatching(/^(rejected|error)$/),
              message: true,
            });
          }
        }
        expect(dead).toBeGreaterThan(ROUNDS);
        const letters = await stem.deadLetters.list({ limit: 1_000 });
        expect(letters.length).toBe(Math.min(1_000, dead));
        figures(store, "bad input", {
          stored: stored.length,
          refused,
          "unknown tasks": unknown.length,
          "dead letters": dead,
          "ran all the same": ran,
          "others' jobs": expected.size,
        });
        await stem.close();
      });
    },
    SECONDS(TIME),
  );
});
