import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { formatDiagnostic, generate, type Generated, type GenerateOptions } from "../../codegen/index.js";

/** A project of a user in a folder of its own. */
export interface TestProject {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): void;
  text(file: string): string;
  generate(options?: GenerateOptions): Promise<Generated>;
  /** Diagnostics of a run that is to fail, as the command prints them. */
  diagnostics(): Promise<readonly string[]>;
  remove(): void;
}

export const GENERATED = "src/stem/stem.gen.ts";
export const MANIFEST = "stem.manifest.json";

const USUAL = {
  "package.json": '{ "type": "module" }',
  "tsconfig.json": '{ "compilerOptions": { "module": "nodenext", "target": "es2023", "experimentalDecorators": true } }',
};

/** Makes a project of those files, by default an ESM one with its sources in `src`. */
export function makeProject(files: Readonly<Record<string, string>>): TestProject {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "stem-codegen-")));
  const write = (more: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(more)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
  const run = (options?: GenerateOptions) => generate({ cwd: folder, ...options });
  write({ ...USUAL, ...files });
  return {
    folder,
    write,
    text: (file) => readFileSync(join(folder, file), "utf8"),
    generate: run,
    diagnostics: async () => (await run()).diagnostics.map(formatDiagnostic),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs `use` on a project that is removed afterwards. */
export async function withProject<T>(files: Readonly<Record<string, string>>, use: (project: TestProject) => Promise<T>): Promise<T> {
  const project = makeProject(files);
  try {
    return await use(project);
  } finally {
    project.remove();
  }
}

/** A class task of that name, in ESM style. */
export const taskClass = (className: string, name: string, options = "") =>
  `import { Task } from "nestjs-stem";\n@Task("${name}"${options})\nexport class ${className} {\n  async run(input: { readonly to: string }) {\n    return input.to;\n  }\n}\n`;
