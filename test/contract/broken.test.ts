import { describe, expect, it } from "@jest/globals";
import { memory } from "../../lib/adapters/memory/index.js";
import { checkLaw, laws, type Law, type LawSubject } from "../../lib/testing/laws/index.js";
import { transactionLaws } from "../../lib/testing/laws/transactions.laws.js";
import { brokenBy } from "./faults/broken-by.js";
import { faults, type Fault } from "./faults/index.js";
import { transactional } from "./faults/transactional.js";

const sound: Fault = (adapter) => adapter;

/** The memory adapter with a fault, for laws about transactions with transactions. */
function faulty(fault: Fault, law: Law): LawSubject {
  return {
    // The sound adapter gives its hints in the same turn, so a missing one is known at once.
    hintWithinMs: 20,
    async open() {
      const { adapter: sound, begin } = transactionLaws.includes(law) ? transactional() : { adapter: memory(), begin: undefined };
      await sound.open();
      const adapter = fault(sound);
      return { adapter, other: async () => adapter, close: () => sound.close(), ...(begin !== undefined && { transaction: begin }) };
    },
  };
}

async function isBroken(law: Law, fault: Fault): Promise<boolean> {
  try {
    await checkLaw(law, faulty(fault, law));
    return false;
  } catch {
    return true;
  }
}

describe("a law is worth something only if an adapter can break it:", () => {
  it("every law is in the table, and every fault is used", () => {
    expect(Object.keys(brokenBy).sort()).toEqual(laws.map(({ title }) => title).sort());
    expect([...new Set(Object.values(brokenBy).flat())].sort()).toEqual(Object.keys(faults).sort());
  });

  it("and every law about transactions holds on the sound adapter that the faults are made in", async () => {
    for (const law of transactionLaws) await checkLaw(law, faulty(sound, law));
  });

  for (const law of laws)
    it(`broken when ${(brokenBy[law.title] ?? []).join(", and when ")}: ${law.title}`, async () => {
      for (const name of brokenBy[law.title] ?? [])
        expect({ name, broken: await isBroken(law, faults[name]!) }).toEqual({ name, broken: true });
    });
});
