import { setTimeout as pause } from "node:timers/promises";
import type { Finding } from "../contract/adapter.js";
import type { StemHealth } from "../core/client/health.js";
import { keepAlive } from "../core/timers.js";
import type { StemInstance } from "../nest/environment.js";
import { type AppOptions, loadModule, messageOf, noInstance } from "./app.js";
import { Exit, EXIT } from "./exit.js";
import { paint } from "./print.js";

/**
 * Boots the user's app just so far that its options are known, and runs `work` with its unopened store: for
 * commands that have to work where the app would not start, because its server is away or its schema behind.
 * The boot is never gone on with, so no hook of the app's own runs; the process ends with the command.
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
  // Nothing of the app may be there to keep the process alive while its store is waited for.
  const letGo = keepAlive();
  try {
    const instances = await Promise.race([held, booted]);
    const wanted = instances.find(({ name }) => name === (options.instance ?? DEFAULT_INSTANCE));
    if (wanted === undefined) throw noInstance(options);
    try {
      return await work(wanted);
    } finally {
      // In good order where that is quickly done; a server need not write of broken connections into its log.
      await Promise.race([wanted.adapter.close().catch(() => {}), pause(CLOSING_MS)]);
    }
  } finally {
    letGo();
  }
}

const CLOSING_MS = 500;

/** How long a store may take to answer that said while it was opened that it has trouble. */
const TROUBLED_MS = 1_000;

/**
 * Opens the store and asks for its health. A server that is away is one wait (`connectTimeoutMs`), during
 * which a terminal shows the attempts, and not a second one for the answer.
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

/** What the store finds wrong with its set-up. @throws what keeps it from looking */
export async function findingsOf({ adapter }: StemInstance): Promise<readonly Finding[]> {
  return (await adapter.diagnose?.()) ?? [];
}
