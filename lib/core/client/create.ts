import type { Adapter } from "../../contract/adapter.js";
import { OptionError } from "../../contract/errors.js";
import { Definitions } from "../codec/definitions.js";
import type { Codec } from "../codec/codec.js";
import { type Log, silentLog } from "../log.js";
import type { StemDefinitions } from "../schema/json-schema.js";
import { refuseUnknown } from "../task/define.js";
import { TaskRegistry } from "../task/registry.js";
import { Stem } from "./stem.js";

/** Options of `createStemClient`. */
export interface StandaloneOptions<C> {
  /** The store that the workers use too; opened here and closed with the client. */
  readonly adapter: Adapter;
  /** The generated class. Default: none, for a client that is only a `stem`. */
  readonly client?: ClientClass<C>;
  /** The codec of the workers. Default: JSON. */
  readonly codec?: Codec;
  /** Largest payload, encoded, in bytes. Default 1 MiB. */
  readonly maxPayloadBytes?: number;
  /** Default: nothing is logged. */
  readonly log?: Log;
}

/** A class that `stem generate` wrote, for one instance of Stem. */
export type ClientClass<C> = (new (stem: Stem) => C) & { readonly definitions?: StemDefinitions };

/** A client outside of Nest. */
export interface StandaloneClient {
  readonly stem: Stem;
  /** Answers the calls made so far, then closes the store. Idempotent. */
  close(): Promise<void>;
}

/**
 * A typed client without Nest, for scripts, other frameworks and producers in other repositories.
 * It enqueues, waits and emits; it runs no jobs.
 *
 * ```ts
 * const client = await createStemClient({ adapter: redis({ url }), client: StemClient });
 * await client.tasks.mail.send.enqueue({ to: "ada@example.com" });
 * await client.close();
 * ```
 *
 * @returns an instance of the class given, with `stem` and `close` beside its own members; open
 * @throws {StoreError} the store cannot be opened
 * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`: such as a class whose tasks belong to
 * several instances of Stem
 */
export async function createStemClient<C extends object = object>(options: StandaloneOptions<C>): Promise<C & StandaloneClient> {
  const { adapter, client, codec, maxPayloadBytes, log = silentLog } = checked(options);
  const definitions = new Definitions();
  if (client?.definitions !== undefined) definitions.add(client.definitions);
  const stem = new Stem({
    adapter,
    registry: new TaskRegistry(),
    definitions,
    log,
    ...(codec !== undefined && { codec }),
    ...(maxPayloadBytes !== undefined && { maxPayloadBytes }),
  });
  const made = client === undefined ? ({} as C) : new client(stem);
  await adapter.open(stem.log);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= stem.close().then(() => adapter.close()));
  return Object.defineProperties(made, {
    stem: { value: stem, enumerable: true, configurable: true },
    close: { value: close, configurable: true },
  }) as C & StandaloneClient;
}

const KNOWN = ["adapter", "client", "codec", "maxPayloadBytes", "log"] as const satisfies readonly (keyof StandaloneOptions<object>)[];

function checked<C>(options: StandaloneOptions<C>): StandaloneOptions<C> {
  refuseUnknown(options, KNOWN, "of createStemClient");
  const { adapter, client } = options;
  if (typeof adapter?.open !== "function")
    throw new OptionError(
      "STEM_OPTION_INVALID",
      "createStemClient got no adapter.",
      'Give the store: adapter: redis({ url }) from "nestjs-stem/redis".',
    );
  if (client !== undefined && typeof client !== "function")
    throw new OptionError(
      "STEM_OPTION_INVALID",
      "The client given to createStemClient is not a class.",
      "Give the generated class: client: StemClient.",
    );
  if (client !== undefined && client.length > 1)
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `The client ${client.name} has tasks of ${client.length} instances of Stem, and a client outside of Nest has one store.`,
      "Generate a client of its own for each instance.",
    );
  return options;
}
