import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A snippet of a page that begins with a comment naming a file. */
export interface Snippet {
  readonly file: string;
  readonly code: string;
  /** It belongs at the end of what earlier snippets say of the same file. */
  readonly continued: boolean;
}

/** Those that begin with `// src/file.ts` or `// src/file.ts (continued)`, in their order. */
export function snippets(page: string): readonly Snippet[] {
  const blocks = readFileSync(join(root, page), "utf8").matchAll(/```ts\n(\/\/ (src\/\S+)( \(continued\))?\n[\s\S]*?)```/g);
  return [...blocks].map(([, code, file, continued]) => ({ file: file!, code: code!, continued: continued !== undefined }));
}

/**
 * An app in a folder of its own that consists of the snippets of some pages and uses the package as it is
 * built.
 */
export class SnippetApp {
  readonly dir = mkdtempSync(join(tmpdir(), "stem-docs-"));

  constructor(pages: readonly string[]) {
    for (const { file, code, continued } of pages.flatMap(snippets)) {
      if (continued) appendFileSync(join(this.dir, file), code);
      else this.write(file, code);
    }
    this.write("package.json", JSON.stringify({ name: "readme", type: "module" }));
    const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as {
      compilerOptions: Record<string, unknown>;
    };
    const options = { ...compilerOptions, paths: {}, noEmit: false, rootDir: "src", outDir: "dist" };
    this.write("tsconfig.json", JSON.stringify({ compilerOptions: options, include: ["src"] }));
    mkdirSync(join(this.dir, "node_modules"));
    for (const name of ["@nestjs", "@types", "better-sqlite3", "reflect-metadata", "rxjs"])
      symlinkSync(join(root, "node_modules", name), join(this.dir, "node_modules", name));
    symlinkSync(root, join(this.dir, "node_modules/nestjs-stem"));
  }

  write(file: string, code: string): void {
    mkdirSync(dirname(join(this.dir, file)), { recursive: true });
    writeFileSync(join(this.dir, file), code);
  }

  /** What it printed. @throws if it fails */
  node(...args: string[]): string {
    const env = { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1" };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: this.dir, encoding: "utf8", env });
    if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  generate(...options: string[]): void {
    this.node(join(root, "dist/lib/cli/main.js"), "generate", ...options);
  }

  compile(): void {
    this.node(join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
  }

  /** The last line it printed, as JSON. */
  answer(file: string): unknown {
    return JSON.parse(this.node(file).trim().split("\n").at(-1)!);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
