import { describe, expect, it } from "@jest/globals";
import type { Entry, Journal, JournalWrite, NewEntry } from "../../../lib/contract/journal.js";
import { JournalWriter } from "../../../lib/core/workflow/journal-writer.js";

const lease = (jobId: string, fence = 1, job = 1) => ({ jobId, fence, job });
const entry = (seq: number, key = `s${seq}`): NewEntry => ({ seq, key, kind: "step", state: "done" });

/** A store that answers when told to. */
function store(lost: readonly string[] = []) {
  const calls: (readonly JournalWrite[])[] = [];
  const reads: (readonly string[])[] = [];
  const answers: ((error?: Error) => void)[] = [];
  const wait = (): Promise<void> =>
    new Promise((resolve, refuse) => answers.push((error) => (error === undefined ? resolve() : refuse(error))));
  const journal: Journal = {
    append: async (writes) => {
      calls.push(writes);
      await wait();
      return { lost };
    },
    read: async (asked) => {
      const ids = asked.map(({ id }) => id);
      reads.push(ids);
      await wait();
      return ids.map((id): readonly Entry[] => [{ ...entry(1, id), at: 0 }]);
    },
    rewrite: () => Promise.reject(new Error("Nobody rewrites here.")),
  };
  const answer = async (error?: Error): Promise<void> => {
    answers.shift()!(error);
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return { calls, reads, answer, writer: new JournalWriter(journal) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Writes of many runs", () => {
  it("travel in one call, and what comes meanwhile in the next", async () => {
    const { calls, answer, writer } = store();
    const first = [writer.append(lease("a"), [entry(1)]), writer.append(lease("b"), [entry(1)])];
    await settle();
    const second = [writer.append(lease("a"), [entry(2)]), writer.append(lease("a"), [entry(3)]), writer.append(lease("c"), [entry(1)])];
    await settle();
    expect(
      calls.map((writes) => writes.map(({ lease: of, journal = [] }) => `${of.jobId}:${journal.map(({ seq }) => seq).join("+")}`)),
    ).toEqual([["a:1", "b:1"]]);
    await answer();
    expect(await Promise.all(first)).toEqual([true, true]);
    expect(calls[1]!.map(({ lease: of, journal = [] }) => `${of.jobId}:${journal.map(({ seq }) => seq).join("+")}`)).toEqual([
      "a:2+3",
      "c:1",
    ]);
    await answer();
    expect(await Promise.all(second)).toEqual([true, true, true]);
  });

  it("say which lease had gone, also when the process has the run twice", async () => {
    const { calls, answer, writer } = store(["a"]);
    const stale = writer.append(lease("a", 1), [entry(1)]);
    const heir = writer.append(lease("a", 2), [entry(1)]);
    const other = writer.append(lease("b"), [entry(1)]);
    await settle();
    expect(calls[0]!.map(({ lease: of }) => `${of.jobId}@${of.fence}`)).toEqual(["a@1"]);
    await answer();
    await answer();
    expect(await Promise.all([stale, heir, other])).toEqual([false, false, true]);
  });

  it("of a run that was forgotten do not go under the lease of a new run with its id", async () => {
    const { calls, answer, writer } = store();
    const both = [writer.append(lease("a", 1, 7), [entry(1)]), writer.append(lease("a", 1, 9), [entry(2)])];
    await settle();
    await answer();
    await answer();
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(calls.map((writes) => writes.map(({ lease: { job }, journal = [] }) => [job, journal.length]))).toEqual([[[7, 1]], [[9, 1]]]);
  });

  it("that fail together are tried one by one, so that one run's entry is not everyone's failure", async () => {
    const { calls, answer, writer } = store();
    const [a, b] = [writer.append(lease("a"), [entry(1)]), writer.append(lease("b"), [entry(1)])];
    const failed = expect(a).rejects.toThrow("poison");
    await settle();
    await answer(new Error("poison"));
    await answer(new Error("poison"));
    await answer();
    await failed;
    expect(await b).toBe(true);
    expect(calls).toHaveLength(3);
  });

  it("of reads likewise, and a failure reaches whoever asked", async () => {
    const { reads, answer, writer } = store();
    const both = Promise.all([writer.read("a"), writer.read("b")]);
    await settle();
    const later = writer.read("c");
    const failed = expect(later).rejects.toThrow("gone");
    await answer();
    expect((await both).map(([one]) => one!.key)).toEqual(["a", "b"]);
    await answer(new Error("gone"));
    await failed;
    expect(reads).toEqual([["a", "b"], ["c"]]);
  });

  it("are not tried one by one for ever by a store that is away: two that fail alone speak for the rest", async () => {
    const { calls, answer, writer } = store();
    const writes = Array.from({ length: 50 }, (_, n) => writer.append(lease(`run-${n}`), [entry(1)]));
    const outcomes = Promise.allSettled(writes);
    await settle();
    for (let n = 0; n < 3; n++) await answer(new Error("away"));
    expect((await outcomes).map(({ status }) => status)).toEqual(Array(50).fill("rejected"));
    expect(calls).toHaveLength(3);
  });
});
