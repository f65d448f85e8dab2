// What the generator costs on 1,000 files with 3,000 tasks, in CPU seconds of the whole process (user and
// system, all threads), which a busy machine stretches less than the time on the clock, and as ratios to
// `tsc --noEmit` on the same app and to loading the compiler of ts-morph, which they hardly stretch at all.
// Payloads are interfaces of the file itself, of a file beside it and of one file that all import; results
// are written out, or left to be inferred for one task in ten. Run `npm run build` first, then
// `node test/codegen/speed.mjs` (a table; JSON if piped). STEM_ROUNDS: how often each is measured (3); the
// median is shown.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cli = join(root, "dist/lib/cli/main.js");
const require = createRequire(import.meta.url);
const compiler = createRequire(require.resolve("ts-morph")).resolve("@ts-morph/common");
const ROUNDS = Number(process.env["STEM_ROUNDS"] ?? 3);
const FILES = 1_000;

const SHARED = `export enum Currency { Euro = "EUR", Dollar = "USD" }
export interface Money { readonly cents: number; readonly currency: Currency }
export interface Page<T> { readonly items: readonly T[]; readonly next?: string }
export type Id<K extends string> = string & { readonly __kind: K };
/** Where something goes. */
export interface Address {
  readonly street: string;
  /** @pattern ^\\d{5}$ */
  readonly zip: string;
  readonly country?: "DE" | "AT" | "CH";
}
`;

/** What every tenth file has beside it. */
const beside = (at) => `import type { Address, Id } from "../shared.js";
export interface Customer${at} { readonly id: Id<"customer">; readonly address: Address; readonly since: Date; readonly tags: Set<string> }
`;

function file(at, inferred, extra = "") {
  const next = Math.floor(at / 10) * 10;
  const result = (n, type) => (inferred && (at * 3 + n) % 10 === 0 ? "" : `: Promise<${type}>`);
  return `import { Injectable } from "@nestjs/common";
import { Task, type TaskContext } from "nestjs-stem";
import { QUEUE } from "../queue.js";
import type { Id, Money, Page } from "../shared.js";
import type { Customer${next} } from "./customer${next}.js";

export interface Line${at} {
  readonly sku: string;
  /**
   * Pieces.
   * @minimum 1
   */
  readonly count: number;
  readonly price: Money;
}

export interface Order${at} {
  readonly id: Id<"order">;
  readonly customer: Customer${next};
  readonly lines: readonly Line${at}[];
  readonly paidAt: Date | null;
  readonly meta?: Record<string, string>;
}

@Injectable()
export class Part${at} {
  /** Takes part 1. */
  @Task("part${at}.take", { queue: QUEUE, retry: { attempts: 5, base: "2s" } })
  async take(order: Order${at}, ctx: TaskContext)${result(0, `{ readonly id: string; readonly total: Money }`)} {
    return { id: order.id + ctx.jobId, total: order.lines[0]!.price };
  }

  /** Lists what there is. */
  @Task("part${at}.list", { queue: QUEUE, timeout: "30s" })
  async list(query: Pick<Order${at}, "id"> & { readonly limit?: number })${result(1, `Page<Order${at}>`)} {
    return { items: [] as Order${at}[], next: query.id as string | undefined };
  }

  /** Tells somebody. */
  @Task("part${at}.tell", { queue: QUEUE })
  async tell(input: { readonly to: Customer${next}["id"]; readonly kind: "mail" | "sms" })${result(2, "number")} {
    return input.to.length;
  }
}
${extra}`;
}

/** An app that compiles, with the packages of this repository. */
function write(folder, inferred) {
  mkdirSync(join(folder, "src/parts"), { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/nestjs-stem"));
  for (const name of ["@nestjs", "@types", "rxjs", "reflect-metadata"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const options = { module: "nodenext", target: "es2023", strict: true, experimentalDecorators: true, skipLibCheck: true, types: ["node"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["src"] }));
  writeFileSync(join(folder, "src/queue.ts"), 'export const QUEUE = "parts";\n');
  writeFileSync(join(folder, "src/shared.ts"), SHARED);
  writeFileSync(join(folder, "src/service.ts"), "export const serve = () => 0;\n");
  for (let at = 0; at < FILES; at += 10) writeFileSync(join(folder, `src/parts/customer${at}.ts`), beside(at));
  for (let at = 0; at < FILES; at++) writeFileSync(join(folder, `src/parts/part${at}.ts`), file(at, inferred));
}

const work = mkdtempSync(join(tmpdir(), "stem-speed-"));
const usage = join(work, "usage.json");
const hook = join(work, "usage.cjs");
writeFileSync(hook, `process.on("exit", () => { const { user, system } = process.cpuUsage(); require("fs").writeFileSync(${JSON.stringify(usage)}, JSON.stringify((user + system) / 1e6)); });`); // prettier-ignore

/** One process: CPU seconds until it exits, and seconds on the clock. */
function measured(folder, args, code) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--require", hook, ...args], { cwd: folder, encoding: "utf8", env: { ...process.env, CI: "", NODE_COMPILE_CACHE: "", TMPDIR: code } });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stdout.slice(0, 2_000)}${stderr.slice(0, 2_000)}`);
  return { cpu: JSON.parse(readFileSync(usage, "utf8")), wall: (performance.now() - started) / 1_000 };
} // prettier-ignore

function median(all) {
  const by = (key) => all.map((one) => one[key]).sort((a, b) => a - b)[all.length >> 1];
  return { cpu: by("cpu"), wall: by("wall") };
}

function rounds(one) {
  return median(Array.from({ length: ROUNDS }, (_, round) => one(round)));
}

const extra = (round) =>
  `export class Extra${round} {\n  @Task()\n  async run(input: number): Promise<number> {\n    return input;\n  }\n}\n`;

async function edits(folder, inferred) {
  const { watch } = await import(new URL("../../dist/codegen/index.js", import.meta.url).href);
  let next;
  const take = () => new Promise((resolve) => (next = resolve));
  const first = take();
  const watching = await watch({ cwd: folder }, (result) => next?.(result));
  await first;
  const took = [];
  for (let round = 0; round < 10; round++) {
    const result = take();
    const [started, before] = [performance.now(), process.cpuUsage()];
    writeFileSync(join(folder, "src/parts/part7.ts"), file(7, inferred, extra(round)));
    await result;
    const { user, system } = process.cpuUsage(before);
    took.push({ cpu: (user + system) / 1e6, wall: (performance.now() - started) / 1_000 });
  }
  await watching.close();
  // What the process has not yet warmed up to is a cold start, which is told of above.
  return median(took.slice(2));
}

function fresh(name) {
  const folder = join(work, `${name}-${Math.random()}`);
  mkdirSync(folder);
  return folder;
}

async function app(inferred) {
  const folder = fresh("app");
  write(folder, inferred);
  const code = fresh("code");
  const generate = (...args) => [cli, "generate", ...args];
  const load = rounds(() => measured(folder, ["-e", `require(${JSON.stringify(compiler)})`], fresh("code")));
  const node = rounds(() => measured(folder, ["-e", "0"], code));
  const rows = {};
  rows["first ever, nothing kept"] = rounds(() => {
    for (const path of ["src/stem", "stem.manifest.json", "node_modules/.cache"]) rmSync(join(folder, path), { recursive: true, force: true });
    return measured(folder, generate(), fresh("code"));
  }); // prettier-ignore
  measured(folder, generate(), code);
  rows["all of it, code of the compiler kept"] = rounds(() => measured(folder, generate("--no-cache"), code));
  measured(folder, generate(), code);
  rows["unchanged"] = rounds(() => measured(folder, generate(), code));
  rows["one changed file without handlers"] = rounds((round) => {
    writeFileSync(join(folder, "src/service.ts"), `export const serve = () => ${round + 1};\n`);
    return measured(folder, generate(), code);
  });
  rows["one changed file with handlers"] = rounds((round) => {
    writeFileSync(join(folder, "src/parts/part7.ts"), file(7, inferred, extra(round)));
    return measured(folder, generate(), code);
  });
  if (inferred) {
    rows["one changed file with an inferred result"] = rounds((round) => {
      writeFileSync(join(folder, "src/parts/part0.ts"), file(0, inferred, extra(round + 100)));
      return measured(folder, generate(), code);
    });
  }
  rows["an edit while watching"] = await edits(folder, inferred);
  rows["tsc --noEmit"] = rounds(() => measured(folder, [require.resolve("typescript/bin/tsc"), "--noEmit"], code));
  const compiling = rows["tsc --noEmit"].cpu;
  const loading = load.cpu - node.cpu;
  const figures = Object.entries(rows).map(([name, { cpu, wall }]) => ({ what: name, cpu, wall, toTsc: cpu / compiling, toLoading: cpu / loading }));
  return { app: inferred ? "one result in ten inferred" : "all types written out", node: node.cpu, loading, figures };
} // prettier-ignore

const told = [];
try {
  for (const inferred of [false, true]) told.push(await app(inferred));
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (!process.stdout.isTTY) console.log(JSON.stringify({ versions: process.version, rounds: ROUNDS, apps: told }, undefined, 2));
else {
  for (const { app: name, node, loading, figures } of told) {
    console.log(`${name} · Node.js ${process.version} starts in ${node.toFixed(2)} s, the compiler loads in ${loading.toFixed(2)} s`);
    console.table(Object.fromEntries(figures.map(({ what, cpu, wall, toTsc, toLoading }) => [what, { "CPU s": cpu.toFixed(2), "clock s": wall.toFixed(2), "÷ tsc": toTsc.toFixed(3), "÷ loading the compiler": toLoading.toFixed(1) }]))); // prettier-ignore
  }
}
