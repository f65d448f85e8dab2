import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Who may import whom inside the repository; every part may import itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "lib/contract": [],
  "lib/core": ["lib/contract"],
  "lib/adapters/memory": ["lib/contract"],
  "lib/adapters/relational": ["lib/contract"],
  "lib/adapters/sqlite": ["lib/contract", "lib/adapters/relational"],
  "lib/adapters/redis": ["lib/contract"],
  "lib/adapters/postgres": ["lib/contract", "lib/adapters/relational"],
  "lib/nest": ["lib/contract", "lib/core"],
  "lib/testing": ["lib/contract", "lib/core", "lib/nest", "lib/adapters/memory"],
  "lib/cli": ["lib/contract", "lib/core", "lib/nest", "codegen"],
  lib: ["lib/contract", "lib/core", "lib/nest", "lib/adapters/memory"],
  codegen: [],
};

/** Packages that may be named in an import, per part; Node's own are free everywhere but in the contract. */
const PACKAGES: Record<string, readonly RegExp[]> = {
  "lib/contract": [],
  "lib/core": [/^cron-parser$/],
  "lib/adapters/memory": [],
  "lib/adapters/relational": [],
  "lib/adapters/sqlite": [/^better-sqlite3$/],
  "lib/adapters/redis": [/^ioredis$/],
  "lib/adapters/postgres": [/^pg$/],
  "lib/nest": [/^@nestjs\/(common|core)$/, /^reflect-metadata$/, /^rxjs$/],
  "lib/testing": [/^@nestjs\/(common|core)$/],
  "lib/cli": [/^@nestjs\/(common|core)$/, /^commander$/, /^reflect-metadata$/],
  lib: [],
  codegen: [/^ts-morph$/],
};

/** Files that make up one adapter; each adapter has exactly these beside its folders. */
const ADAPTER_FILES = readdirSync(join(root, "lib/adapters/memory")).filter((name) => name.endsWith(".ts"));

/**
 * The public faces: how many names each may have (to become fewer; a new one is chosen on purpose), and those
 * that generated clients import, of `.` the client of an app, of `/core` a package for other repositories.
 */
const PUBLIC = {
  "lib/index.ts": {
    most: { values: 35, types: 73 },
    clients: "EventClient InjectStem InputOf OutputOf PayloadOf ScheduleClient Stem StemDefinitions TaskClient WorkflowClient".split(" "),
  },
  "lib/core/index.ts": {
    most: { values: 33, types: 70 },
    clients:
      "createStemClient EventClient ScheduleClient SignalType StandaloneClient StandaloneOptions Stem StemDefinitions TaskClient WorkflowClient".split(
        " ",
      ),
  },
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = [...walk("lib"), ...walk("codegen")].filter((file) => file.endsWith(".ts"));
const imports = files.flatMap(importsOf);

/** Tables cannot be wrapped. */
const isComment = (line: string): boolean => /^\s*(\/\/|\/?\*(?! \|))/.test(line);
const isNote = (line: string): boolean => /^\s*--/.test(line);
const isProse = (line: string): boolean => !/^\s*\|/.test(line) && line.replaceAll(/`[^`]*`/g, "").length > 70;

function wideLines(file: string, counts: (line: string) => boolean): readonly string[] {
  const parts = file.endsWith(".md") ? text(file).replaceAll(/^ *```[^]*?^ *```/gm, (block) => block.replaceAll(/.+/g, "")) : text(file);
  return parts.split("\n").flatMap((line, at) => (line.length > 110 && counts(line) ? [`${file}:${at + 1}`] : []));
}

describe("The house", () => {
  it("lets each part import only what the design allows", () => {
    const wrong = imports.filter(({ from, to }) => {
      if (!to.startsWith("lib/") && !to.startsWith("codegen/")) return false;
      const part = partOf(from);
      return partOf(to) !== part && !MAY_IMPORT[part]!.includes(partOf(to));
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it("lets each part use only its own packages, drivers included", () => {
    const wrong = imports.filter(({ from, to }) => {
      if (to.startsWith("lib/") || to.startsWith("codegen/")) return false;
      if (to.startsWith("node:")) return partOf(from) === "lib/contract";
      return !PACKAGES[partOf(from)]!.some((allowed) => allowed.test(to));
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it("has no import cycle, types included", () => {
    const next = groupByFrom();
    const done = new Set<string>();
    const path: string[] = [];
    const cycles: string[] = [];
    const visit = (file: string): void => {
      if (path.includes(file)) return void cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      if (done.has(file)) return;
      path.push(file);
      for (const { to } of next.get(file) ?? []) visit(to);
      path.pop();
      done.add(file);
    };
    for (const file of files) visit(file);
    expect(cycles).toEqual([]);
  });

  it("lets no two folders import each other, neither files beside folders", () => {
    const next = roomsByRoom();
    const mutual = [...next].flatMap(([room, others]) =>
      [...others.keys()].filter((other) => room < other && next.get(other)?.has(room)).map((other) => `${room} ↔ ${other}`),
    );
    expect(mutual).toEqual([]);
  });

  it("builds core in floors: no folder imports one that rests on it, over however many others", () => {
    const next = roomsByRoom();
    const cycles: string[] = [];
    const done = new Set<string>();
    const path: string[] = [];
    const visit = (room: string): void => {
      if (path.includes(room)) return void cycles.push([...path.slice(path.indexOf(room)), room].join(" → "));
      if (done.has(room)) return;
      path.push(room);
      for (const other of next.get(room)?.keys() ?? []) visit(other);
      path.pop();
      done.add(room);
    };
    for (const room of next.keys()) if (room.startsWith("lib/core")) visit(room);
    expect(cycles).toEqual([]);
  });

  it("shows the floors of core in docs/architecture.md, each above all that it imports", () => {
    const shown = /<!-- floors -->([^]*?)<!-- -->/.exec(text("docs/architecture.md"))![1]!;
    const told = [...shown.matchAll(/^\| `(\S+)` +\|/gm)].map(([, room]) => `lib/core/${room}`);
    const found = new Set(files.filter((file) => file.startsWith("lib/core/") && file !== "lib/core/index.ts").map(roomOf));
    expect([...told].sort()).toEqual([...found].sort());
    const next = roomsByRoom();
    const upwards = told.flatMap((room, at) =>
      told
        .slice(0, at)
        .filter((above) => next.get(room)?.has(above))
        .map((above) => `${room} imports ${above}`),
    );
    expect(upwards).toEqual([]);
  });

  it("gives every adapter the same file names", () => {
    // What SQLite and Postgres share is not an adapter.
    for (const adapter of readdirSync(join(root, "lib/adapters")).filter((name) => name !== "relational")) {
      expect({ adapter, files: readdirSync(join(root, "lib/adapters", adapter)).filter((name) => name.endsWith(".ts")) }).toEqual({
        adapter,
        files: ADAPTER_FILES,
      });
    }
  });

  it("keeps the top level as small as the design says", () => {
    const names = readdirSync(root).filter(
      (name) => !name.startsWith(".") && !["node_modules", "dist", "coverage", "package-lock.json"].includes(name),
    );
    expect(names.sort()).toEqual(
      [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "bench",
        "codegen",
        "compose.yaml",
        "docs",
        "jest.config.js",
        "lib",
        "nest-cli.json",
        "package.json",
        "sample-app",
        "schematics",
        "test",
        "tsconfig.json",
      ].sort(),
    );
  });

  it("keeps files near 300 lines, one idea each", () => {
    const long = files.map((file) => ({ file, lines: text(file).split("\n").length })).filter(({ lines }) => lines > 350);
    expect(long).toEqual([]);
  });

  it("keeps comments and docs at 110 columns, so that they can be read side by side and in a hover", () => {
    const code = ["lib", "codegen", "schematics", "sample-app", "bench", "test"].flatMap((folder) => [...walk(folder)]);
    const wide = [
      ...code.filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes("/fixtures/")).flatMap((file) => wideLines(file, isComment)),
      ...code.filter((file) => /\.(lua|sql)$/.test(file)).flatMap((file) => wideLines(file, isNote)),
      ...["README.md", "CHANGELOG.md", ...[...walk("docs")].filter((file) => file.endsWith(".md"))].flatMap((file) =>
        wideLines(file, isProse),
      ),
    ];
    expect(wide).toEqual([]);
  });

  it("lists its public names one by one", () => {
    for (const index of ["lib/index.ts", "lib/core/index.ts", "lib/testing/index.ts"])
      expect({ index, star: /export \* from/.test(text(index)) }).toEqual({ index, star: false });
  });

  it.each(Object.entries(PUBLIC))("has in %s no more public names than are allowed", (index, { most }) => {
    const { values, types } = publicNames(index);
    expect(values.length).toBeLessThanOrEqual(most.values);
    expect(types.length).toBeLessThanOrEqual(most.types);
  });

  it.each(Object.entries(PUBLIC))("has in %s every name that a generated client imports, also one of version 0.1", (index, { clients }) => {
    const { values, types } = publicNames(index);
    expect(clients.filter((name) => !values.includes(name) && !types.includes(name))).toEqual([]);
  });

  it("documents every code that an error can carry in docs/errors.md", () => {
    const codes = new Set(
      files
        .flatMap((file) => [...text(file).matchAll(/"(STEM_[A-Z_]*[A-Z])"/g)].map((match) => match[1]!))
        .filter((code) => !ENVIRONMENT.has(code)),
    );
    const documented = text("docs/errors.md");
    expect([...codes].filter((code) => !documented.includes(`## ${code}\n`)).sort()).toEqual([]);
  });
});

function publicNames(index: string): { readonly values: readonly string[]; readonly types: readonly string[] } {
  const [values, types]: [string[], string[]] = [[], []];
  for (const [, all, list] of text(index).matchAll(/^export (type )?\{([^}]*)\}/gm))
    for (const item of list!.split(",").map((one) => one.trim())) {
      if (item === "") continue;
      const name = item.replace(/^type /, "");
      if (all !== undefined || name !== item) types.push(name);
      else values.push(name);
    }
  return { values, types };
}

/** Names of that form that are environment variables, not error codes. */
const ENVIRONMENT = new Set(["STEM_ROLE", "STEM_QUEUES", "STEM_CONCURRENCY", "STEM_DB"]);

const parents = new Set(files.map((file) => posix.dirname(posix.dirname(file))));

/** A file beside folders is a room by itself; all the others are the room that their folder is. */
function roomOf(file: string): string {
  return parents.has(posix.dirname(file)) ? file : posix.dirname(file);
}

/** Which rooms of lib each room imports. */
function roomsByRoom(): ReadonlyMap<string, ReadonlyMap<string, Import>> {
  const next = new Map<string, Map<string, Import>>();
  for (const one of imports) {
    if (!one.from.startsWith("lib/") || !one.to.startsWith("lib/")) continue;
    const [from, to] = [roomOf(one.from), roomOf(one.to)];
    if (from === to) continue;
    if (!next.has(from)) next.set(from, new Map());
    next.get(from)!.set(to, one);
  }
  return next;
}

/** `lib/adapters/sqlite/claim.ts` → `lib/adapters/sqlite`; files directly in lib/ are the part `lib`. */
function partOf(file: string): string {
  const parts = Object.keys(MAY_IMPORT).sort((a, b) => b.length - a.length);
  const part = parts.find((name) => (name === "lib" ? dirname(file) === "lib" : file.startsWith(`${name}/`)));
  if (part === undefined) throw new Error(`${file} belongs to no part of the house; add it to MAY_IMPORT on purpose`);
  return part;
}

function importsOf(file: string): Import[] {
  const found = [
    ...text(file).matchAll(
      /^(?:import|export)\s+(type\s)?[^;]*?from\s+["']([^"']+)["']|^import\s+["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/gm,
    ),
  ];
  return found.map((match) => {
    const to = (match[2] ?? match[3] ?? match[4])!;
    return {
      from: file,
      to: to.startsWith(".") ? posix.normalize(posix.join(posix.dirname(file), to)).replace(/\.js$/, ".ts") : to,
      typeOnly: match[1] !== undefined,
    };
  });
}

function groupByFrom(): Map<string, Import[]> {
  const grouped = new Map<string, Import[]>();
  for (const one of imports) grouped.set(one.from, [...(grouped.get(one.from) ?? []), one]);
  return grouped;
}

function text(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

function walk(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    return statSync(join(root, path)).isDirectory() ? walk(path) : [relative(root, join(root, path)).split(sep).join("/")];
  });
}
