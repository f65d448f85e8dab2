import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { StoreError, type Adapter } from "../../lib/contract/index.js";
import type { WorkerOptions } from "../../lib/core/worker/options.js";
import { Ledger } from "./ledger.js";
import type { Proxy } from "../servers/index.js";
import type { Harm, Place, Server, StoreDescription } from "./stores.js";

/** `STEM_CRASH=long`: the same tests with so many jobs and kills that rare interleavings come about. */
export const LONG = process.env["STEM_CRASH"] === "long";

/** Points of a worker's life it can be told to die at. */
export type FaultPoint = "claimed" | "handling" | "settling" | "settled";

/** The programs of these tests, in processes/. */
export type Script = "worker" | "producer" | "beat" | "racer" | "side";

/** What is wrong with a process from its start. */
export interface Flaws {
  /** How far its clock is ahead. */
  readonly skewMs?: number;
  /** While this file exists, it finds no host of the name `store.test`. */
  readonly deafTo?: string;
  /** The most its heap may hold. */
  readonly heapMb?: number;
}

/** A process that dies of its heap is not to leave a file as large as that. */
const WITHOUT_CORE = ["-c", 'ulimit -c 0; exec "$0" "$@"'];

// Otherwise every process ends at once, and every test waits for it as long as it may.
if (!existsSync(new URL("../../dist/lib/core/index.js", import.meta.url))) {
  throw new Error("The processes of these tests run what is built, and nothing is: npm run build.");
}

const pathOf = (script: string): string => fileURLToPath(new URL(`processes/${script}.mjs`, import.meta.url));

/** A process of ours, from its fork to its end. */
export class Member {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Code and signal. */
  readonly end: Promise<readonly [number | null, string | null]>;
  readonly #heard: Record<string, unknown>[] = [];
  #listeners: (() => void)[] = [];
  #ended = false;

  constructor(path: string, wishes: object, flaws: Flaws) {
    // No flags of the test runner's own: they would slow the children down and let them import what users
    // cannot.
    const execArgv = flaws.heapMb === undefined ? [] : [...WITHOUT_CORE, process.execPath, `--max-old-space-size=${flaws.heapMb}`];
    const execPath = flaws.heapMb === undefined ? process.execPath : "/bin/sh";
    if (flaws.skewMs !== undefined || flaws.deafTo !== undefined) execArgv.push("--import", pathOf("preload"));
    // A process that dies of its heap says so at length.
    const errors = flaws.heapMb === undefined ? "inherit" : "ignore";
    const given = [JSON.stringify({ ...wishes, ...flaws })];
    this.process = fork(path, given, { execPath, execArgv, stdio: ["ignore", "inherit", errors, "ipc"] });
    this.pid = this.process.pid!;
    this.end = once(this.process, "exit") as Promise<[number | null, string | null]>;
    this.process.on("message", (message) => {
      this.#heard.push(message as Record<string, unknown>);
      this.#wake();
    });
    void this.end.then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  get alive(): boolean {
    return !this.#ended;
  }

  /** What it said under this field, once it has said it; undefined if it ended without. */
  async says(field: string): Promise<unknown> {
    for (;;) {
      const message = this.#heard.find((message) => field in message);
      if (message !== undefined) return message[field];
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  signal(name: "SIGKILL" | "SIGTERM" | "SIGCONT"): void {
    if (!this.#ended) this.process.kill(name);
  }

  #wake(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** The processes of one test, their store, their ledger; the parent holds the store open too. */
export class Fleet {
  readonly folder: string;
  readonly adapter: Adapter;
  readonly ledger: Ledger;
  /** Pids that were killed by us; those that killed themselves say so in the ledger. */
  readonly killed = new Set<number>();
  /** How often the store was away; jobs may then have been settled by a call whose answer was lost. */
  outages = 0;
  readonly #place: Place;
  readonly #members: Member[] = [];
  #disbanded = false;

  constructor(place: Place, folder: string) {
    this.folder = folder;
    this.#place = place;
    this.adapter = place.adapter;
    this.ledger = new Ledger(join(folder, "ledger"));
    writeFileSync(this.ledger.file, "");
  }

  /** The test's own server. */
  get server(): Server {
    return present(this.#place.server);
  }

  /** The way the processes take to it. */
  get proxy(): Proxy {
    return present(this.#place.proxy);
  }

  /** Starts a process; does not wait until it is ready. */
  start(script: Script, wishes: object = {}, flaws: Flaws = {}): Member {
    return this.startAt(pathOf(script), wishes, flaws);
  }

  /** Starts a process of another version, by the path of its script. */
  startAt(path: string, wishes: object = {}, flaws: Flaws = {}): Member {
    if (this.#disbanded) throw new Error("This test is over.");
    const member = new Member(path, { store: this.#place.address, ledger: this.ledger.file, folder: this.folder, ...wishes }, flaws);
    this.#members.push(member);
    return member;
  }

  /** Starts a worker. Its lease is 1 s unless told otherwise. */
  worker(options: WorkerOptions = {}, dies?: { readonly at: FaultPoint; readonly after: number }, flaws: Flaws = {}): Member {
    return this.start("worker", { options: { lease: 1_000, ...options }, ...(dies !== undefined && { dies }) }, flaws);
  }

  /** Kills a process and waits until it is gone. */
  async kill(member: Member): Promise<void> {
    if (member.alive) this.killed.add(member.pid);
    member.signal("SIGKILL");
    await member.end;
  }

  /**
   * Asks a process to stop, once it is ready to be asked, and waits for it.
   * @returns its exit code and what it said last
   */
  async stop(member: Member): Promise<{ readonly code: number | null; readonly said: unknown }> {
    await member.says("ready");
    member.signal("SIGTERM");
    const said = await member.says("stopped");
    return { code: (await member.end)[0], said };
  }

  /** Jobs that have not ended; more than there can be while a store that is being harmed does not answer. */
  async unfinished(): Promise<number> {
    try {
      const { blocked, ready, active, parked } = await this.adapter.jobs.count();
      return blocked + ready + active + parked;
    } catch (error) {
      if (this.outages === 0 || !(error instanceof StoreError)) throw error;
      return Number.POSITIVE_INFINITY;
    }
  }

  /** How far it came, for the error of a test that did not end. */
  story(): string {
    const last = this.ledger.notes().slice(-5);
    return `${this.ledger.notes().length} notes, the last: ${last.map((note) => JSON.stringify(note)).join(" ")}`;
  }

  /** Ends whatever still runs. */
  async disband(): Promise<void> {
    this.#disbanded = true;
    await Promise.all(this.#members.map((member) => this.kill(member)));
  }
}

function present<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("This test has no server of its own: say so to withFleet.");
  return part;
}

/** How much longer a busy machine may take: a limit is there to end what hangs, and says nothing else. */
const BUSY = 3;

/**
 * The runner's limit for a test that takes so many seconds at most on a machine of its own; a little after
 * ours, so that the fleet is gone by then.
 */
export const SECONDS = (seconds: number): number => BUSY * seconds * 1_000 + 30_000;

/**
 * Gives a fleet of its own to a test for so many seconds (three times as long on a busy machine), and leaves
 * nothing behind: no process, no file.
 *
 * @param opens false: `work` opens the fleet's adapter itself
 */
export async function withFleet(
  store: StoreDescription,
  seconds: number,
  work: (fleet: Fleet) => Promise<void>,
  harm?: Harm,
  opens = true,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "stem-crash-"));
  try {
    const place = await store.place(folder, harm);
    const fleet = new Fleet(place, folder);
    if (opens) await fleet.adapter.open();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, refuse) => {
      timer = setTimeout(() => refuse(new Error(`Not done within ${BUSY * seconds} s; ${fleet.story()}`)), BUSY * seconds * 1_000);
    });
    try {
      await Promise.race([work(fleet), late]);
    } finally {
      clearTimeout(timer);
      await fleet.disband();
      await fleet.adapter.close();
      await place.clear();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Looks again and again until it holds. @throws after `ms` */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const late = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > late) throw new Error(`Not within ${ms} ms: ${what}.`);
    await moment(20);
  }
}

/** Waits a while: for a fault to fall on a random moment, never for something to have happened. */
export function moment(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A whole number from `least` to `most`. */
export function between(least: number, most: number): number {
  return least + Math.floor(Math.random() * (most - least + 1));
}

/** Milliseconds on a clock that all processes of one boot share; that of the ledger. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One line of figures per fault. */
export function figures(store: StoreDescription, fault: string, facts: object): void {
  const shown = Object.entries(facts).map(([name, value]) => `${name} ${typeof value === "number" ? Math.round(value) : String(value)}`);
  process.stdout.write(`  ${store.name}, ${fault}: ${shown.join(" · ")}\n`);
}
