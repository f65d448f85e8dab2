// How long the generator takes on 1,000 files with 3,000 tasks: cold (a new process), and per edit in watch mode. Payloads are interfaces of the file
// itself, of a file beside it and of one file that all import; results are written out, or left to be inferred for one task in ten.
// Run `npm run build` first, then `node test/codegen/speed.mjs`.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const built = process.env["STEM_CODEGEN"] ?? new URL("../../dist/codegen/index.js", import.meta.url).href;
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

function write(folder, inferred) {
  mkdirSync(join(folder, "src/parts"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "tsconfig.json"), '{ "compilerOptions": { "module": "nodenext", "target": "es2023" }, "include": ["src"] }');
  writeFileSync(join(folder, "src/queue.ts"), 'export const QUEUE = "parts";\n');
  writeFileSync(join(folder, "src/shared.ts"), SHARED);
  for (let at = 0; at < FILES; at += 10) writeFileSync(join(folder, `src/parts/customer${at}.ts`), beside(at));
  for (let at = 0; at < FILES; at++) writeFileSync(join(folder, `src/parts/part${at}.ts`), file(at, inferred));
}

function cold(folder) {
  const code = `const t = performance.now(); const { generate } = await import(${JSON.stringify(built)}); const r = await generate({ cwd: ${JSON.stringify(folder)} }); console.log(Math.round(performance.now() - t), r.tasks, r.state, r.diagnostics.length)`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  return stdout.trim() || stderr;
}

async function edits(folder, inferred) {
  const { watch } = await import(built);
  let next;
  const take = () => new Promise((resolve) => (next = resolve));
  const first = take();
  const watching = await watch({ cwd: folder }, (result) => next?.(result));
  await first;
  const took = [];
  for (let round = 0; round < 10; round++) {
    const result = take();
    const started = performance.now();
    const extra = `export class Extra${round} {\n  @Task()\n  async run(input: number): Promise<number> {\n    return input;\n  }\n}\n`;
    writeFileSync(join(folder, "src/parts/part7.ts"), file(7, inferred, extra));
    const { state, ms } = await result;
    took.push(`${Math.round(performance.now() - started)} (${ms} ${state})`);
  }
  await watching.close();
  return took;
}

for (const inferred of [false, true]) {
  const folder = mkdtempSync(join(tmpdir(), "stem-speed-"));
  try {
    write(folder, inferred);
    console.log(inferred ? "one result in ten inferred" : "all types written out");
    console.log("  cold, ms · tasks · state · diagnostics:", Array.from({ length: 5 }, () => cold(folder)).join(" | "));
    console.log("  edit to files written, ms (of which generating):", (await edits(folder, inferred)).join(" | "));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
