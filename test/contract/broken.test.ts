import { describe, expect, it } from "@jest/globals";
import { memory } from "../../lib/adapters/memory/index.js";
import { checkLaw, laws, type Law, type LawSubject } from "../../lib/testing/laws/index.js";
import { brokenBy } from "./faults/broken-by.js";
import { faults, type Fault } from "./faults/index.js";

/** The memory adapter with a fault. */
function faulty(fault: Fault): LawSubject {
  return {
    // The sound adapter gives its hints in the same turn, so a missing one is known at once.
    hintWithinMs: 20,
    async open() {
      const sound = memory();
      await sound.open();
      const adapter = fault(sound);
      return { adapter, other: async () => adapter, close: () => sound.close() };
    },
  };
}

async function isBroken(law: Law, fault: Fault): Promise<boolean> {
  try {
    await checkLaw(law, faulty(fault));
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

  for (const law of laws)
    it(`broken when ${(brokenBy[law.title] ?? []).join(", and when ")}: ${law.title}`, async () => {
      for (const name of brokenBy[law.title] ?? [])
        expect({ name, broken: await isBroken(law, faults[name]!) }).toEqual({ name, broken: true });
    });
});
