import { beforeAll, describe, expect, it } from "@jest/globals";
import { describeTypes, type Outcome } from "./describe-types.js";
import { TYPES } from "./type-cases.js";

const cases = TYPES.flatMap((group) => group.cases);
const outcomes: Record<"syntax" | "checker", readonly Outcome[]> = { syntax: [], checker: [] };

beforeAll(async () => {
  outcomes.syntax = await describeTypes(cases);
  outcomes.checker = await describeTypes(cases, "checker");
}, 120_000);

describe("the table of types", () => {
  it("has at least 80 rows", () => {
    expect(cases.length).toBeGreaterThanOrEqual(80);
  });

  for (const { title, cases: rows } of TYPES) {
    describe(title, () => {
      it.each(rows.map((row) => [`${row.type}${row.with === undefined ? "" : `  with  ${row.with}`}`, row] as const))("%s", (_, row) => {
        const at = cases.indexOf(row);
        expect(outcomeOf(outcomes.syntax[at]!)).toEqual(outcomeOf(row));
        expect(outcomeOf(outcomes.checker[at]!)).toEqual(outcomeOf(row));
        // The same words at the same place, whichever way a type was read.
        expect(outcomes.checker[at]!.messages).toEqual(outcomes.syntax[at]!.messages);
      });
    });
  }
});

function outcomeOf({ schema, $defs, optional, refused }: Outcome): Outcome {
  return {
    ...(schema !== undefined && { schema }),
    ...($defs !== undefined && { $defs }),
    ...(optional === true && { optional }),
    ...(refused !== undefined && { refused }),
  };
}
