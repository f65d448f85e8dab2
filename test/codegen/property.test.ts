import { describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { compile } from "../../lib/core/schema/compile.js";
import type { JsonSchema } from "../../lib/core/schema/json-schema.js";
import { madeOf, PRELUDE } from "./grammar.js";
import { dice } from "./mutate.js";
import { MANIFEST, withProject } from "./project.js";

/**
 * `STEM_FUZZ=long` judges fifty times as many (120,000 pairs); `STEM_FUZZ_SEED` starts the dice elsewhere.
 */
const long = process.env["STEM_FUZZ"] === "long";
const SEED = Number(process.env["STEM_FUZZ_SEED"] ?? 20_261_130);
const BATCHES = long ? 50 : 1;
const TYPES = 200;
const VALUES = 12;

/**
 * Which of the expressions the compiler lets stand where the type is wanted: one answer for each, by its
 * line.
 */
function judge(all: readonly { readonly type: string; readonly values: readonly string[] }[]): { readonly refused: ReadonlySet<number>; readonly weak: ReadonlySet<number> } {
  // An enum is judged by its values: to the language a text is no member of it, and on the wire it is nothing
  // else.
  const plain = PRELUDE.replace(/^export enum Size .*$/m, 'type Size = "s" | "m";').replace(/^export enum Level .*$/m, "type Level = 0 | 5;");
  const head = `${plain}type Plain<T> = T extends object ? { -readonly [K in keyof T]: Plain<T[K]> } : T;\ndeclare function give<const V>(of: V): Plain<V>;\n`;
  const first = head.split("\n").length;
  const lines = all.flatMap(({ type, values }) => values.map((value) => `{ const of = give(${value}); const to: ${type} = of; }`));
  const source = head + lines.join("\n");
  const host = ts.createCompilerHost({});
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (path, ...rest) => (path === "judge.ts" ? ts.createSourceFile(path, source, rest[0], true) : read(path, ...rest));
  const program = ts.createProgram(["judge.ts"], { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, types: [], lib: ["lib.es2022.d.ts"] }, host);
  const tree = program.getSourceFile("judge.ts")!;
  const refused = new Set<number>();
  const weak = new Set<number>();
  for (const { start, messageText } of program.getSemanticDiagnostics(tree)) {
    const line = tree.getLineAndCharacterOfPosition(start ?? 0).line + 1 - first;
    // Objects are open: that one has none of the members a type lists as optional is a warning of the
    // compiler, not a matter of types.
    const common = /no properties in common/.test(ts.flattenDiagnosticMessageText(messageText, "\n"));
    (common ? weak : refused).add(line);
  }
  return { refused, weak };
} // prettier-ignore

describe("What the compiler accepts", () => {
  it(
    `is what the schema accepts, and the other way round, over ${BATCHES * TYPES * VALUES} pairs`,
    async () => {
      const random = dice(SEED);
      let pairs = 0;
      let fitted = 0;
      const wrong: unknown[] = [];
      for (let batch = 0; batch < BATCHES; batch++) {
        const all = Array.from({ length: TYPES }, () => madeOf(random, VALUES));
        const tasks = all.map(({ type }, at) => `@Task("t${at}") export class T${at} { async run(input: ${type}): Promise<void> {} }`);
        const { refused, weak } = judge(all);
        await withProject({ "src/a.ts": `import { Task } from "nestjs-stem";\n${PRELUDE}${tasks.join("\n")}\n` }, async (project) => {
          const { diagnostics } = await project.generate();
          // What can be no value, and what is refused for a reason of its own, is told; it is not judged
          // here.
          const told = new Set(diagnostics.map(({ message }) => /of "(t\d+)"/.exec(message)?.[1]));
          if (told.size > 0) {
            const kept = tasks.map((task, at) => (told.has(`t${at}`) ? "" : task));
            project.write({ "src/a.ts": `import { Task } from "nestjs-stem";\n${PRELUDE}${kept.join("\n")}\n` });
            expect((await project.generate()).diagnostics).toEqual([]);
          }
          expect(told.size).toBeLessThan(TYPES / 4);
          const manifest = JSON.parse(project.text(MANIFEST)) as { tasks: Record<string, { input: JsonSchema; optional?: true }>; $defs?: Record<string, JsonSchema> };
          all.forEach(({ type, values }, at) => {
            const entry = manifest.tasks[`t${at}`];
            if (entry === undefined) return;
            const { check } = compile(entry.input, manifest.$defs ?? {});
            values.forEach((value, index) => {
              if (weak.has(at * VALUES + index)) return;
              const expected = !refused.has(at * VALUES + index);
              // eslint-disable-next-line no-eval
              const actual = check((0, eval)(`(${value})`)) === undefined;
              // The same where such a type is one of several, which the compiler does not say.
              if (!expected && actual && value.startsWith("{") && type.includes("|") && /\?:|Partial|Omit/.test(type)) return;
              // A list is an object with numbers for names to the language; in JSON, one is not the other.
              if (expected && !actual && value.startsWith("[") && /\b1\??: /.test(type)) return;
              pairs++;
              if (expected) fitted++;
              if (expected !== actual) wrong.push({ type, value, compiler: expected, schema: actual });
            });
          });
        });
      }
      expect(wrong.map((one) => JSON.stringify(one)).sort((a, b) => a.length - b.length).slice(0, 12)).toEqual([]);
      // Both answers are met often enough to mean something.
      expect(pairs).toBeGreaterThanOrEqual(BATCHES * 2_000);
      expect(Math.min(fitted, pairs - fitted)).toBeGreaterThan(pairs / 40);
    },
    long ? 3_600_000 : 180_000,
  );
}); // prettier-ignore
