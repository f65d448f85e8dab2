import { lackingVerbs } from "../../contract/index.js";
import { LawBench } from "./bench.js";
import type { Law, LawOutcome } from "./law.js";
import type { LawSubject } from "./subject.js";

/**
 * Checks one law on a fresh store.
 *
 * @throws the fault that the law found, an error of `open` or `close`, or the verbs that the adapter lacks
 */
export async function checkLaw(law: Law, subject: LawSubject): Promise<void> {
  const store = await subject.open();
  try {
    const lacking = lackingVerbs(store.adapter);
    if (lacking.length > 0)
      throw new Error(`The adapter "${store.adapter.name}" lacks verbs of the contract: ${lacking.join(", ")}. Implement them first.`);
    await law.check(new LawBench(store, subject.hintWithinMs));
  } finally {
    await store.close();
  }
}

/**
 * Checks laws one after another, each on a fresh store, and goes on when one is broken.
 *
 * @param options.only checks just the laws whose title contains this text
 * @returns one outcome per law checked, in the order of `laws`
 */
export async function checkLawsOf(
  laws: readonly Law[],
  subject: LawSubject,
  options: { readonly only?: string } = {},
): Promise<readonly LawOutcome[]> {
  const outcomes: LawOutcome[] = [];
  for (const law of laws) {
    if (options.only !== undefined && !law.title.includes(options.only)) continue;
    try {
      await checkLaw(law, subject);
      outcomes.push({ title: law.title });
    } catch (error) {
      outcomes.push({ title: law.title, error });
    }
  }
  return outcomes;
}
