import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { GENERATED, withProject } from "./project.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const shop = join(root, "test/codegen/fixtures/shop");
const MUTATIONS = 200;

/** The same numbers in [0, 1) every time: mulberry32. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ODD = ["}", "{", "(", ")", "`", "'", '"', "@", "*/", "/**", "<T>", "${", "\0", "\u2028", "😀", "export ", "default ", "static ", "private ", "abstract ", "async *", "#", "...", "=> ", "[", "]", ";", ",", "undefined", "import ", "class ", "?", "\\", "//"]; // prettier-ignore

/** One to three edits: a piece left out, doubled, moved elsewhere or replaced by something odd. */
function mutate(text: string, random: () => number): string {
  let changed = text;
  for (let edits = 1 + Math.floor(random() * 3); edits > 0; edits--) {
    const at = Math.floor(random() * changed.length);
    const length = Math.floor(random() ** 3 * 60);
    const [head, piece, tail] = [changed.slice(0, at), changed.slice(at, at + length), changed.slice(at + length)];
    const odd = ODD[Math.floor(random() * ODD.length)]!;
    const kind = Math.floor(random() * 4);
    changed = kind === 0 ? head + tail : kind === 1 ? head + piece + piece + tail : kind === 2 ? tail + piece + head : head + odd + tail;
  }
  return changed;
}

describe("broken sources", () => {
  it(`get a diagnostic or a correct file, never a crash, over ${MUTATIONS} mutations of the shop`, async () => {
    const paths = readdirSync(join(shop, "src"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.startsWith("stem"))
      .map((path) => `src/${path.replaceAll("\\", "/")}`)
      .toSorted();
    const originals = Object.fromEntries(paths.map((path) => [path, readFileSync(join(shop, path), "utf8")]));
    const tsconfig = readFileSync(join(shop, "tsconfig.json"), "utf8");
    await withProject({ ...originals, "tsconfig.json": tsconfig }, async (project) => {
      const compile = compiler(project.folder);
      const random = dice(20_260_101);
      const ends = { errors: 0, clients: 0 };
      for (let round = 0; round < MUTATIONS; round++) {
        const path = paths[Math.floor(random() * paths.length)]!;
        const text = mutate(originals[path]!, random);
        project.write({ [path]: text });
        const { state, diagnostics } = await project.generate();
        project.write({ [path]: originals[path]! });
        if (state === "errors") {
          ends.errors++;
          expect(diagnostics.filter(({ line, column, message }) => line < 1 || column < 1 || message === "")).toEqual([]);
          continue;
        }
        ends.clients++;
        expect({ text, errors: compile(path, text) }).toEqual({ text, errors: [] });
      }
      // Both ends are met often enough to mean something.
      expect(Math.min(ends.errors, ends.clients)).toBeGreaterThan(MUTATIONS / 10);
    });
  }, 120_000);
});

/** Errors of the generated file, while one of the sources is a mutation. The libraries are parsed once. */
function compiler(folder: string): (mutated: string, text: string) => readonly string[] {
  const { config } = ts.readConfigFile(join(folder, "tsconfig.json"), ts.sys.readFile) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const paths = {
    "nestjs-stem": [join(root, "lib/index.ts")],
    "@nestjs/common": [join(root, "node_modules/@nestjs/common/index.d.ts")],
  };
  const all: ts.CompilerOptions = { ...options, types: ["node"], typeRoots: [resolve(root, "node_modules/@types")], paths };
  const host = ts.createCompilerHost(all);
  const read = host.getSourceFile.bind(host);
  const kept = new Map<string, ts.SourceFile | undefined>();
  let mutation = { path: "", text: "" };
  host.getSourceFile = (path, ...rest) => {
    if (path === mutation.path) return ts.createSourceFile(path, mutation.text, rest[0]);
    if (dirname(path).startsWith(folder)) return read(path, ...rest);
    if (!kept.has(path)) kept.set(path, read(path, ...rest));
    return kept.get(path);
  };
  return (path, text) => {
    mutation = { path: join(folder, path), text };
    const program = ts.createProgram([join(folder, GENERATED)], all, host);
    const file = program.getSourceFile(join(folder, GENERATED));
    const errors = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  };
}
