import { readFileSync } from "node:fs";

/**
 * The statement in `sql/<name>.sql`, with the parts that are asked for, as it is sent. In such a file
 *
 * - `-- #part a b` … `-- #end` is left out unless all of these parts are asked for;
 * - `-- #include x` stands for what is asked for of `sql/x.sql`;
 * - `:name` is a parameter. They get their numbers in the order in which comments name them at the beginning
 *   of a line.
 *
 * Comments are not sent.
 */
export function statementOf(name: string, ...parts: readonly string[]): string {
  const text = chosen(name, new Set(parts));
  const numbers = numbersOf(text);
  return text
    .replaceAll(/ *--.*$/gm, "")
    .replaceAll(/(?<!:):([a-z_]+)/g, (_, parameter: string) => {
      const number = numbers.get(parameter);
      if (number === undefined) throw new Error(`sql/${name}.sql has no comment that says what its parameter :${parameter} is`);
      return `$${number}`;
    })
    .replaceAll(/^\s*\n/gm, "")
    .trimEnd();
}

function chosen(name: string, parts: ReadonlySet<string>): string {
  return readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), "utf8")
    .replaceAll(/^ *-- #part (.*)\n([^]*?)^ *-- #end\n/gm, (_, names: string, text: string) =>
      names.split(" ").every((part) => parts.has(part)) ? text : "",
    )
    .replaceAll(/^ *-- #include (.*)\n/gm, (_, other: string) => chosen(other, parts));
}

function numbersOf(text: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const [, list] of text.matchAll(/^ *-- +((?::[a-z_]+ *)+)/gm))
    for (const [parameter] of list!.matchAll(/[a-z_]+/g)) if (!numbers.has(parameter)) numbers.set(parameter, numbers.size + 1);
  return numbers;
}
