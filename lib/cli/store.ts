import { setTimeout as pause } from "node:timers/promises";
import type { Finding } from "../contract/adapter.js";
import type { StemHealth } from "../core/client/health.js";
import { keepAlive } from "../core/timers.js";
import type { StemInstance } from "../nest/environment.js";
import { type AppOptions, loadModule, messageOf, noInstance } from "./app.js";
import { Exit, EXIT } from "./exit.js";
import { paint } from "./print.js";

/**
 * Boots the user's app until its options are known, and runs `work` with its unopened store.
 * It is for commands that must work where the app would not start: its server is away, or its schema behind.
 * The boot does not go on, so no hook of the app runs; the process ends with the command.
 *
 * @throws {Exit} 2: no app is named or it is not found; 3: it cannot be made
 */
export async function withStore<T>(options: AppOptions, work: (instance: StemInstance) => Promise<T>): Promise<T> {
  process.env["STEM_ROLE"] = "producer";
  await import("reflect-metadata");
  const module = await loadModule(options);
  const [{ NestFactory }, { holdBeforeOpen }, { DEFAULT_INSTANCE }] = await Promise.all([
    import("@nestjs/core"),
    import("../nest/environment.js"),
    import("../nest/tokens.js"),
  ]);
  const held = new Promise<readonly StemInstance[]>((resolve) =>
    holdBeforeOpen((instances) => {
      resolve(instances);
      return new Promise<void>(() => {});
    }),
  );
  const booted = NestFactory.createApplicationContext(module, { logger: ["error", "fatal"], abortOnError: false }).then(
    () => [],
    (error: unknown) => {
      throw new Exit(EXIT.unusable, `The app does not start: ${messageOf(error)}`);
    },
  );
  // The app may have nothing yet that keeps the process alive while it waits for its store.
  const letGo = keepAlive();
  try {
    const instances = await Promise.race([held, booted]);
    const wanted = instances.find(({ name }) => name === (options.instance ?? DEFAULT_INSTANCE));
    if (wanted === undefined) throw noInstance(options);
    try {
      return await work(wanted);
    } finally {
      // Closes in order if that is quick, so that a server need not log broken connections.
      await Promise.race([wanted.adapter.close().catch(() => {}), pause(CLOSING_MS)]);
    }
  } finally {
    letGo();
  }
}

const CLOSING_MS = 500;

/** How long a store that had trouble while it was opened may take to answer. */
const TROUBLED_MS = 1_000;

/**
 * Opens the store and asks for its health.
 * A server that is away is waited for once (`connectTimeoutMs`), during which a terminal shows the attempts,
 * and not a second time for the answer.
 *
 * @throws what keeps the store from being opened and no waiting can mend
 */
export async function openedHealth({ adapter, stem }: StemInstance): Promise<StemHealth> {
  const trouble: string[] = [];
  const hear = (line: string): void => {
    trouble.push(line);
    if (process.stderr.isTTY === true) process.stderr.write(`${paint("dim", line)}\n`);
  };
  await adapter.open({ log() {}, warn: hear, error: hear });
  const health = await stem.health(trouble.length === 0 ? {} : { timeout: TROUBLED_MS });
  if (health.ok || trouble.length === 0 || health.error.includes(trouble.at(-1)!)) return health;
  return { ...health, error: `${trouble.at(-1)}\n${health.error}` };
}

/** The problems that the store finds in its settings. @throws what keeps it from looking */
export async function findingsOf({ adapter }: StemInstance): Promise<readonly Finding[]> {
  return (await adapter.diagnose?.()) ?? [];
}
