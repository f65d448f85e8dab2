import assert from "node:assert/strict";
import type { Lock } from "../../contract/index.js";
import { one } from "./bench.js";
import type { Law } from "./law.js";

/** The lock that must have been granted. */
function granted(lock: Lock | undefined): Lock {
  assert.ok(lock, "the lock was not granted");
  return lock;
}

export const lockLaws: readonly Law[] = [
  {
    title: "a lock is held by one owner at a time, and names do not touch each other",
    async check(bench) {
      const { locks } = bench.adapter;
      const [name, another] = [bench.name("report"), bench.name("export")];
      const lock = granted(await locks.acquire(name, "ann", 1_000, bench.at));
      assert.deepEqual([lock.name, lock.owner], [name, "ann"]);
      assert.equal(await (await bench.other()).locks.acquire(name, "bob", 1_000, bench.at), undefined);
      granted(await locks.acquire(another, "bob", 1_000, bench.at));
    },
  },
  {
    title: "of many who ask at once one gets the lock",
    async check(bench) {
      const other = await bench.other();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          (i % 2 === 0 ? bench.adapter : other).locks.acquire(bench.name("report"), `owner${i}`, 1_000, bench.at),
        ),
      );
      one(answers.filter((lock) => lock !== undefined));
    },
  },
  {
    title: "a lock expires at its time and not before",
    async check(bench) {
      const { locks } = bench.adapter;
      const name = bench.name("report");
      granted(await locks.acquire(name, "ann", 1_000, bench.at));
      bench.pass(990);
      assert.equal(await locks.acquire(name, "bob", 1_000, bench.at), undefined);
      bench.pass(10);
      granted(await locks.acquire(name, "bob", 1_000, bench.at));
    },
  },
  {
    title: "the token of a name grows at every acquisition, also after a release and an expiry",
    async check(bench) {
      const { locks } = bench.adapter;
      const name = bench.name("report");
      const tokens: number[] = [];
      const first = granted(await locks.acquire(name, "ann", 100, bench.at));
      assert.equal(await locks.release(first, bench.at), true);
      const second = granted(await locks.acquire(name, "bob", 100, bench.at));
      bench.pass(200);
      const third = granted(await locks.acquire(name, "cem", 100, bench.at));
      bench.pass(200);
      await bench.adapter.jobs.prune(undefined, bench.at);
      const fourth = granted(await locks.acquire(name, "ann", 100, bench.at));
      tokens.push(first.token, second.token, third.token, fourth.token);
      for (let i = 1; i < tokens.length; i++) assert.ok(tokens[i]! > tokens[i - 1]!, tokens.join(" "));
    },
  },
  {
    title: "the same owner asking again gets a new token and the old one is void",
    async check(bench) {
      const { locks } = bench.adapter;
      const old = granted(await locks.acquire(bench.name("report"), "ann", 1_000, bench.at));
      const fresh = granted(await locks.acquire(bench.name("report"), "ann", 1_000, bench.at));
      assert.ok(fresh.token > old.token);
      assert.equal(await locks.renew(old, 1_000, bench.at), false);
      assert.equal(await locks.release(old, bench.at), false);
      assert.equal(await locks.renew(fresh, 1_000, bench.at), true);
    },
  },
  {
    title: "renewing lengthens a lock and never shortens it",
    async check(bench) {
      const { locks } = bench.adapter;
      const name = bench.name("report");
      const lock = granted(await locks.acquire(name, "ann", 1_000, bench.at));
      bench.pass(500);
      assert.equal(await locks.renew(lock, 1_000, bench.at), true);
      assert.equal(await locks.renew(lock, 10, bench.at), true);
      bench.pass(900);
      assert.equal(await locks.acquire(name, "bob", 1_000, bench.at), undefined);
      bench.pass(200);
      granted(await locks.acquire(name, "bob", 1_000, bench.at));
    },
  },
  {
    title: "an expired lock is neither renewed nor released by its late owner",
    async check(bench) {
      const { locks } = bench.adapter;
      const name = bench.name("report");
      const late = granted(await locks.acquire(name, "ann", 100, bench.at));
      bench.pass(200);
      assert.equal(await locks.renew(late, 1_000, bench.at), false, "it had expired");
      const heir = granted(await locks.acquire(name, "bob", 1_000, bench.at));
      assert.equal(await locks.renew(late, 1_000, bench.at), false);
      assert.equal(await locks.release(late, bench.at), false);
      assert.equal(await locks.acquire(name, "cem", 1_000, bench.at), undefined, "the heir still holds it");
      assert.equal(await locks.release(heir, bench.at), true);
      assert.equal(await locks.release(heir, bench.at), false, "a lock is released once");
    },
  },
];
