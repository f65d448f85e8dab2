import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, jest } from "@jest/globals";
import ts from "typescript";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixtures = resolve(root, "test/codegen/fixtures");

/** Compiles with the compiler and the options of a user: the shop's own tsconfig. */
function errorsOf(file: string): readonly string[] {
  const config = ts.readConfigFile(resolve(fixtures, "shop/tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, resolve(fixtures, "shop"));
  const paths = { "nestjs-stem": [resolve(root, "lib/index.ts")] };
  const program = ts.createProgram([resolve(fixtures, file)], {
    ...options,
    types: ["node"],
    typeRoots: [resolve(root, "node_modules/@types")],
    paths,
  });
  // The library's own errors are the business of its own build.
  const ours = ts.getPreEmitDiagnostics(program).filter(({ file: where }) => where === undefined || where.fileName.startsWith(fixtures));
  return ours.map(({ code, file: where, start, messageText }) => {
    const line = where === undefined ? 0 : where.getLineAndCharacterOfPosition(start ?? 0).line + 1;
    const name = where === undefined ? "" : relative(fixtures, where.fileName);
    return `${name}:${line} TS${code}${process.env["VERBOSE"] === "1" ? ` ${ts.flattenDiagnosticMessageText(messageText, "\n")}` : ""}`;
  });
}

jest.setTimeout(120_000);

describe("the types of the generated client", () => {
  it("take what the handlers take and give what the handlers give", () => {
    expect(errorsOf("types/pass/client.ts")).toEqual([]);
  });

  it("refuse every wrong payload, option, name and use of a result, each with its error on its line", () => {
    const file = "types/fail/client.ts";
    const lines = readFileSync(resolve(fixtures, file), "utf8").split("\n");
    const expected = lines.flatMap((line, index) => {
      const [, code] = /\/\/ error (TS\d+)$/.exec(line) ?? [];
      return code === undefined ? [] : [`${file}:${index + 1} ${code}`];
    });
    expect(expected.length).toBeGreaterThan(20);
    expect(errorsOf(file)).toEqual(expected);
  });

  it("lead editors from a signal to where the workflow declares it, with its words", () => {
    const file = resolve(fixtures, "types/pass/client.ts");
    const config = ts.readConfigFile(resolve(fixtures, "shop/tsconfig.json"), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, resolve(fixtures, "shop"));
    const service = ts.createLanguageService({
      getCompilationSettings: () => ({ ...options, paths: { "nestjs-stem": [resolve(root, "lib/index.ts")] } }),
      getScriptFileNames: () => [file],
      getScriptVersion: () => "1",
      getScriptSnapshot: (name) => (ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(ts.sys.readFile(name)!) : undefined),
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      directoryExists: ts.sys.directoryExists,
    });
    const at = readFileSync(file, "utf8").indexOf("approved(");
    const places = service.getDefinitionAtPosition(file, at)?.map(({ fileName, name }) => `${relative(fixtures, fileName)} ${name}`);
    expect(places).toContain("shop/src/orders/process-order.ts approved");
    expect(ts.displayPartsToString(service.getQuickInfoAtPosition(file, at)?.documentation)).toBe("Somebody has looked at the order.");
    service.dispose();
  });
});
