import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";

const root = new URL("../..", import.meta.url).pathname;

/**
 * A Nest app in a folder of its own, with this package installed as npm would install it: the built files
 * that package.json lists.
 */
export interface TempApp {
  read(path: string): string;
  write(path: string, text: string): void;
  files(): readonly string[];
  /** Runs a script of node_modules with this Node. */
  node(script: string, ...args: readonly string[]): { readonly status: number | null; readonly output: string };
  remove(): void;
}

/** Makes the app as `nest new` does, but for what the tests do not need. Remove it in the end. */
export function tempApp(type: "module" | "commonjs"): TempApp {
  const folder = mkdtempSync(join(tmpdir(), "stem-schematics-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const suffix = type === "module" ? ".js" : "";
  write("package.json", JSON.stringify({ name: "shop", private: true, type }));
  write("nest-cli.json", JSON.stringify({ collection: "@nestjs/schematics", sourceRoot: "src" }));
  write("tsconfig.json", JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ["src"] }));
  write("src/app.service.ts", "import { Injectable } from '@nestjs/common';\n\n@Injectable()\nexport class AppService {}\n");
  write(
    "src/app.module.ts",
    `import { Module } from '@nestjs/common';\nimport { AppService } from './app.service${suffix}';\n\n` +
      "@Module({\n  imports: [],\n  controllers: [],\n  providers: [AppService],\n})\nexport class AppModule {}\n",
  );
  write(
    "src/main.ts",
    `import { NestFactory } from '@nestjs/core';\nimport { AppModule } from './app.module${suffix}';\n\n` +
      "async function bootstrap() {\n  const app = await NestFactory.create(AppModule);\n  await app.listen(process.env.PORT ?? 3000);\n}\nvoid bootstrap();\n",
  );
  // The globals that jest and vitest give their spec files.
  write(
    "src/globals.d.ts",
    `declare global {\n${["describe", "it", "expect", "beforeEach", "afterEach"]
      .map((name) => `  const ${name}: typeof import('@jest/globals').${name};\n`)
      .join("")}}\nexport {};\n`,
  );
  write("jest.config.mjs", `export default ${JSON.stringify(JEST)};`);
  install(folder);
  return {
    read: (path) => readFileSync(join(folder, path), "utf8"),
    write,
    files: () => readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" }).sort(),
    node: (script, ...args) => {
      const flags = ["--experimental-vm-modules", "--no-warnings"];
      const child = spawnSync(process.execPath, [...flags, join(folder, "node_modules", script), ...args], {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, NODE_OPTIONS: "" },
        timeout: 60_000,
      });
      return { status: child.status, output: stripVTControlCharacters(child.stdout + child.stderr) };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function install(folder: string): void {
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly files: readonly string[] };
  for (const name of ["package.json", ...files.filter((file) => file.startsWith("dist/lib") || file.startsWith("dist/schematics"))]) {
    cpSync(join(root, name), join(modules, "nestjs-stem", name), { recursive: true });
  }
}

/** As `nest new` writes them. */
const COMPILER_OPTIONS = {
  module: "nodenext",
  moduleResolution: "nodenext",
  target: "ES2023",
  esModuleInterop: true,
  isolatedModules: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  skipLibCheck: true,
  strict: true,
  strictPropertyInitialization: false,
  types: ["node"],
  noEmit: true,
};

const JEST = {
  testEnvironment: "node",
  testMatch: ["**/*.spec.ts"],
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: {
          target: "es2022",
          parser: { syntax: "typescript", decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: "es6" },
      },
    ],
  },
};
