import { statementOf } from "../connect/statements.js";
/** The parts of `sql/settle.sql` that a batch needs. */
export interface Needs {
  readonly whole: boolean;
  readonly partly: boolean;
  readonly kept: boolean;
  readonly forgotten: boolean;
  readonly writing: boolean;
  readonly claiming: boolean;
  /** The claim lends the lowest priority first. */
  readonly upward: boolean;
}

const settleTexts = new Map<number, string>();

/** The statement of a settle, put together once for each set of needs. */
export function settleText({ whole, partly, kept, forgotten, writing, claiming, upward }: Needs): string {
  let key = 0;
  for (const isNeeded of [whole, partly, kept, forgotten, writing, claiming, upward]) key = key * 2 + (isNeeded ? 1 : 0);
  let text = settleTexts.get(key);
  if (text === undefined) {
    const parts = { whole, partly, kept, forgotten, writing, claiming, ending: !claiming, upward, downward: !upward };
    text = statementOf("settle", ...Object.entries(parts).flatMap(([part, isNeeded]) => (isNeeded ? part : [])));
    settleTexts.set(key, text);
  }
  return text;
}
