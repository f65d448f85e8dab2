import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
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

const ADAPTERS = ["memory", "sqlite", "redis", "postgres"] as const;

/** Adapters that do not honour unique keys, and so have no file for them. */
const WITHOUT_KEYS: readonly string[] = ["redis"];

/** What each adapter has its own way of: what it is called, how it is opened, how it keeps rows. */
const OWN_FILES = new Set(["adapter.ts", "index.ts", "rows.ts", "store.ts"]);

/**
 * One idea has one name and one file in all adapters: what they export there, types apart. On Redis a script
 * may do it; then it is a function of the part of that name in `lua/common/`.
 */
const VOCABULARY: Readonly<Record<string, readonly string[]>> = {
  "along.ts": ["carryOut"],
  "anew.ts": ["beginAnew"],
  "broker.ts": ["broker"],
  "change.ts": ["cancel", "changeJobs"],
  "claim.ts": ["claim", "lend"],
  "ended.ts": ["takeEnded"],
  "enqueue.ts": ["enqueue"],
  "entries.ts": ["append"],
  "events.ts": ["emit", "events"],
  "hints.ts": ["hints"],
  "jobs.ts": ["jobs"],
  "journal.ts": ["journal"],
  "keys.ts": ["holdsKey", "isKeyFree", "meet", "retake", "take"],
  "lapse.ts": ["expire", "takeBack"],
  "lease.ts": ["loanOf", "release"],
  "line.ts": ["enterLine"],
  "links.ts": ["arrive", "end", "inputsOf", "link", "reopen", "revive"],
  "list.ts": ["countJobs", "idsIn", "listJobs"],
  "locks.ts": ["locks"],
  "notes.ts": ["notedBy", "takeNote"],
  "park.ts": ["park", "stopWaiting", "wake", "wakeOverdue"],
  "prune.ts": ["forget", "prune"],
  "queues.ts": ["queues"],
  "rewrite.ts": ["rewrite"],
  "schedules.ts": ["schedules"],
  "settle.ts": ["settle"],
  "workers.ts": ["workers"],
};

/** Where an adapter has more names than that in a file, or fewer; and why. */
const EXCEPTIONS: Readonly<
  Record<string, { readonly more?: readonly string[]; readonly fewer?: readonly string[]; readonly why: string }>
> = {
  "memory/events.ts": { more: ["pruneEvents"], why: "what has had its time is taken out of tables of its own" },
  "memory/hints.ts": { more: ["PendingHints"], why: "the store gathers the hints of a step in it" },
  "memory/keys.ts": { more: ["pruneKeys"], why: "what has had its time is taken out of tables of its own" },
  "memory/locks.ts": { more: ["pruneLocks"], why: "what has had its time is taken out of tables of its own" },
  "memory/prune.ts": { more: ["sweep"], why: "it counts by counters, so what has had its time has to go first" },
  "memory/workers.ts": { more: ["pruneWorkers"], why: "what has had its time is taken out of tables of its own" },
  "sqlite/lease.ts": { more: ["holds"], why: "whether a lease is good, without reading the job" },
  "sqlite/line.ts": { more: ["leaveLine"], why: "a change takes one job out of its line, not a set" },
  "sqlite/notes.ts": { more: ["forgetNotes"], why: "a job is forgotten by statements for each table" },
  "postgres/along.ts": { more: ["transactAlong"], why: "places are held before the first write, or the transaction begins anew" },
  "postgres/claim.ts": { more: ["claimValues", "lentOf"], why: "a settle claims in the same statement" },
  "postgres/enqueue.ts": { more: ["enqueueAtOnce", "isLinked"], why: "what is plain is one statement, without a transaction" },
  "postgres/entries.ts": { more: ["entryLists"], why: "a settle adds entries in its own statement" },
  "postgres/keys.ts": {
    more: ["holdingKeys", "keyless", "lockKeys", "lockNames"],
    fewer: ["holdsKey", "isKeyFree"],
    why: "jobs are changed as a set, and keys locked before it is seen who holds them",
  },
  "postgres/lease.ts": {
    more: ["bitsOf", "holdLoans", "releaseHeld"],
    fewer: ["loanOf"],
    why: "loans are rows of many jobs, held as a set",
  },
  "postgres/park.ts": { fewer: ["stopWaiting"], why: "jobs are taken from where they wait as a set, by one statement" },
  "redis/along.ts": { more: ["alongArgs", "eventArgs"], why: "what a script is given" },
  "redis/anew.ts": { more: ["newLifeArgs"], why: "what a script is given" },
  "redis/claim.ts": { more: ["claimArgs", "claimSpread", "lentOf"], why: "a settle claims in the same script" },
  "redis/ended.ts": { more: ["isEnd", "toEnded", "wasHeld"], fewer: ["takeEnded"], why: "ends come with the mail of a script" },
  "redis/enqueue.ts": { more: ["enqueueArgs"], why: "what a script is given" },
  "redis/entries.ts": { more: ["entriesFrom", "entryArgs"], why: "what a script is given, and answers" },
  "redis/lease.ts": { more: ["COPY", "copyLease", "placeLeases"], why: "leases are looked for in shards, and copied to them" },
  "redis/links.ts": { fewer: ["link"], why: "links are stored with their jobs, by the script" },
  "redis/notes.ts": { more: ["noteArgs"], why: "what a script is given" },
  "redis/prune.ts": { more: ["sweep"], why: "it counts by counters, so what has had its time has to go first" },
  "redis/queues.ts": { more: ["counted"], why: "jobs are counted by the counters of their queues" },
};

/** Where a script has an idea in a part of another name, or under a name that Lua keeps for itself. */
const LUA = { parts: { "lease.ts": "jobs", "line.ts": "jobs", "prune.ts": "jobs" }, names: { end: "end_job" } } as const;

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

  it("gives every adapter the same files, as far as no script of Redis does what a file would", () => {
    for (const adapter of ADAPTERS)
      expect({ adapter, files: [...filesOf(adapter)].sort() }).toEqual({
        adapter,
        files: [...OWN_FILES, ...Object.keys(VOCABULARY)]
          .filter((file) => filesOf(adapter).has(file) || adapter !== "redis" || !isInLua(file))
          .filter((file) => file !== "keys.ts" || !WITHOUT_KEYS.includes(adapter))
          .sort(),
      });
    // What SQLite and Postgres share is not an adapter.
    expect(readdirSync(join(root, "lib/adapters")).sort()).toEqual([...ADAPTERS, "relational"].sort());
  });

  it.each(ADAPTERS)("calls the same idea by the same name in the same file: %s", (adapter) => {
    const wrong = Object.entries(VOCABULARY).flatMap(([file, names]) => {
      if (file === "keys.ts" && WITHOUT_KEYS.includes(adapter)) return [];
      const { more = [], fewer = [] } = EXCEPTIONS[`${adapter}/${file}`] ?? {};
      const own = filesOf(adapter).has(file) ? exportsOf(`lib/adapters/${adapter}/${file}`) : [];
      const has = new Set([...own, ...(adapter === "redis" ? luaNames(file) : [])]);
      return [
        ...names.filter((name) => has.has(name) === fewer.includes(name)).map((name) => `${file} and ${name}`),
        ...own.filter((name) => !names.includes(name) && !more.includes(name)).map((name) => `${file} has ${name}`),
        ...more.filter((name) => !own.includes(name)).map((name) => `${file} has no ${name}`),
      ];
    });
    expect(wrong).toEqual([]);
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

function filesOf(adapter: string): ReadonlySet<string> {
  return new Set(readdirSync(join(root, "lib/adapters", adapter)).filter((name) => name.endsWith(".ts")));
}

/** Names of what a file exports, but for types. */
function exportsOf(file: string): readonly string[] {
  return [...text(file).matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)].map(([, name]) => name!);
}

/** Names that scripts of Redis give to the ideas of a file, written as in TypeScript. */
function luaNames(file: string): readonly string[] {
  const part = `lib/adapters/redis/lua/common/${LUA.parts[file as keyof typeof LUA.parts] ?? file.replace(".ts", "")}.lua`;
  if (!existsSync(join(root, part))) return [];
  const found = new Set([...text(part).matchAll(/^local function (\w+)/gm)].map(([, name]) => name!));
  const luaOf = (name: string): string =>
    LUA.names[name as keyof typeof LUA.names] ?? name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return VOCABULARY[file]!.filter((name) => found.has(luaOf(name)));
}

/** Whether scripts do all that a file of Redis would, so that there need be none. */
function isInLua(file: string): boolean {
  return VOCABULARY[file]?.length === luaNames(file).length;
}

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
