import { describe, expect, it } from "@jest/globals";
import { Packer } from "../../lib/adapters/redis/rows.js";
import { FIELDS, hasDueTime, hasExpiry, hasFacts, hasLinks, type FieldKind, type NewJob } from "../../lib/contract/index.js";

const plain: NewJob = { id: "a", task: "t", queue: "q", payload: "{}" };

/** A value that says something, for each field; a new one is missing here until it is given one. */
const VALUES: Required<NewJob> = {
  id: "b",
  task: "other",
  queue: "other",
  payload: "[]",
  headers: { tenant: "a" },
  priority: 3,
  group: "g",
  maxLapses: 1,
  keepResultMs: 1,
  keepFailedMs: 1,
  dueAt: 1,
  delayMs: 1,
  expiresAt: 1,
  expiresInMs: 1,
  links: [{ to: "c", position: 0 }],
  waitsFor: 1,
  known: "again",
  limits: [{ name: "smtp" }],
  unique: { key: "k", until: "ended", whenHeld: "keep" },
};

const fields = Object.keys(FIELDS) as (keyof NewJob)[];

describe("what a job has, by kind", () => {
  const looks: [FieldKind, (job: NewJob) => boolean][] = [
    ["fact", hasFacts],
    ["line", hasDueTime],
    ["expiry", hasExpiry],
    ["link", hasLinks],
  ];

  it.each(looks)("%s is seen in each field of the kind, and in no other", (kind, look) => {
    expect(look(plain)).toBe(false);
    for (const field of fields) expect([field, look({ ...plain, [field]: VALUES[field] })]).toEqual([field, FIELDS[field] === kind]);
  });

  it("a value that says what is usual is not seen", () => {
    const usual: NewJob = {
      ...plain,
      delayMs: 0,
      links: [],
      waitsFor: 0,
      maxLapses: 5,
      keepResultMs: 86_400_000,
      keepFailedMs: 30 * 86_400_000,
    };
    expect(looks.map(([, look]) => look(usual))).toEqual([false, false, false, false]);
  });
});

describe("the texts that Redis keeps of the jobs of a batch", () => {
  // Of links only whether there are some is in a text, and adapters refuse limits and keys.
  const kept = fields.filter((field) => !["track", "key"].includes(FIELDS[field]));

  it.each(kept)("hold %s, and not that of the job before", (field) => {
    const job = { ...plain, [field]: VALUES[field] };
    for (const [first, second] of [
      [plain, job],
      [job, plain],
    ] as const) {
      const packer = new Packer();
      packer.pack(first, 0);
      expect(packer.pack(second, 1)).toBe(new Packer().pack(second, 1));
    }
    if (!["id", "waitsFor"].includes(field)) expect(new Packer().pack(job, 0)).not.toBe(new Packer().pack(plain, 0));
  });
});
