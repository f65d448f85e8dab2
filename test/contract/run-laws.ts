import { describe, it } from "@jest/globals";
import { checkLaw, laws, type LawSubject } from "../../lib/testing/laws/index.js";

/**
 * Makes a jest test of every law, each on a fresh store of the subject. `suite`: `describeShared("redis")`
 * for one that needs a server.
 */
export function runLaws(name: string, subject: LawSubject, suite: typeof describe | typeof describe.skip = describe): void {
  suite(`every law holds on the ${name} adapter:`, () => {
    for (const law of laws) it(law.title, () => checkLaw(law, subject));
  });
}
