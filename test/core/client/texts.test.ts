import { describe, expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import { toFailure } from "../../../lib/contract/index.js";
import { Stem } from "../../../lib/core/client/stem.js";
import type { Codec } from "../../../lib/core/codec/codec.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import { defineSignal } from "../../../lib/core/event/signal.js";

async function stem(codec?: Codec): Promise<Stem> {
  const adapter = memory();
  await adapter.open();
  const registry = new TaskRegistry();
  for (const kind of ["task", "workflow"] as const) registry.add(defineTask({ name: kind, kind, where: kind, run: () => {} }));
  return new Stem({ adapter, registry, ...(codec !== undefined && { codec }) });
}

/** Half an emoji, as `title.slice(0, 20)` gives; U+0000; no string; nothing; too much. */
const BAD = ["note \ud83d", "\udca9", "a\0b", 5, {}, null, "", "x".repeat(1_001)] as readonly string[];
const INVALID = { code: "STEM_OPTION_INVALID" };

async function countsAllJobs(on: Stem): Promise<number> {
  return Object.values(await on.counts()).reduce((all, n) => all + n, 0);
}

describe("A text that is to be a key", () => {
  it.each(BAD.map((text) => [JSON.stringify(text).slice(0, 40), text] as const))(
    "is refused before anything is written where it would not come back as it went in: %s",
    async (_, text) => {
      const on = await stem();
      const approved = defineSignal<number>("approved");
      const run = await on.start("workflow", 1, { id: "run" });
      const signature = on.signature("task", 1);
      const calls: Record<string, () => Promise<unknown>> = {
        "id of a job": () => on.enqueue("task", 1, { id: text }),
        "prefix of many": () => on.enqueueMany("task", [1, 2], { id: text }),
        "id of a run": () => on.start("workflow", 1, { id: text }),
        "id of a chain": () => on.chain(signature, { id: text }),
        "id of a group": () => on.group([signature], { id: text }),
        "id of a chord": () => on.chord([signature], signature, { id: text }),
        "run of a signal": () => on.signal(text, approved, 1),
        "id of a signal": () => on.signal(run.id, approved, 1, { id: text }),
        "id of an event": () => on.emit("paid", "", 1, { id: text }),
        "job to cancel": () => on.cancel(text),
        "jobs to cancel": () => on.cancel([run.id, text]),
        "job to retry": () => on.deadLetters.retry([text]),
        "jobs to list": () => on.jobs({ group: text }),
        "queue to pause": () => on.pause(text),
        "queue to resume": () => on.resume([text]),
        handle: async () => on.handle(text),
        "handle of a client": async () => on.task("task").handle(text),
        "handle of a workflow": async () => on.workflow("workflow").handle(text),
      };
      if (text !== "") calls["key of an event"] = () => on.emit("paid", text, 1);
      for (const [place, call] of Object.entries(calls)) await expect({ place, done: call() }.done).rejects.toMatchObject(INVALID);
      expect(await countsAllJobs(on)).toBe(1);
      expect((await run.status())?.state).toBe("ready");
      expect(await on.adapter.events.list({ name: "paid" })).toEqual([]);
    },
  );

  it("names the place and says what to do", async () => {
    const on = await stem();
    await expect(on.enqueue("task", 1, { id: "note \ud83d" })).rejects.toThrow(
      /id of a job of task "task" holds half of a character[^]+cut texts by characters/,
    );
    await expect(on.emit("paid", 5 as never)).rejects.toThrow('The key of event "paid" is the number 5, not a string.');
  });

  it("is refused as the name or value of a header", async () => {
    const on = await stem();
    for (const headers of [{ "a\ud83d": "1" }, { "a\0": "1" }, { a: "\udca9" }, { a: "nul \0" }])
      await expect(on.enqueue("task", 1, { headers })).rejects.toMatchObject({ code: "STEM_HEADERS_INVALID" });
    expect(await countsAllJobs(on)).toBe(0);
  });
});

describe("Texts that are no keys", () => {
  it("come back as they went in, halves of characters and U+0000 too: payloads", async () => {
    const on = await stem();
    const payload = { text: "half \ud83d, nul \0", "key \udca9": 1 };
    const record = await (await on.enqueue("task", payload)).status();
    expect(on.codec.decode(record?.payload)).toEqual(payload);
    // What travels holds neither.
    expect(record?.payload).toMatch(/^[\x20-\x7e]+$/);
  });

  it("become whole where they are only told: what was thrown", () => {
    const failure = toFailure(Object.assign(new Error(`${"x".repeat(3_999)}🦆`), { code: "E\ud83d", name: "\udca9" }));
    expect(failure).toMatchObject({ message: `${"x".repeat(3_999)}\ufffd`, code: "E\ufffd", name: "\ufffd" });
    expect(failure.stack?.isWellFormed()).toBe(true);
  });

  it.each([
    ["half a character", "\ud83d", "holds half of a character"],
    ["U+0000", "a\0", "holds the character U+0000"],
    ["no string", 5 as never, "is not a string"],
  ])("are refused if a codec of one's own leaves %s in them", async (_, text: string, phrase) => {
    const on = await stem({ name: "odd", encode: () => text, decode: (given) => given });
    const refused = {
      code: "STEM_PAYLOAD_UNSERIALISABLE",
      message: expect.stringContaining(`What the codec "odd" made of the payload ${phrase}`),
    };
    await expect(on.enqueue("task", 1)).rejects.toMatchObject(refused);
    await expect(on.emit("paid", "", 1)).rejects.toMatchObject(refused);
    expect(await countsAllJobs(on)).toBe(0);
  });
});
