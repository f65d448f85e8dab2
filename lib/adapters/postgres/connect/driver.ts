import { StoreError } from "../../../contract/index.js";
import { codeOf } from "./errors.js";

/** The part of pg's `Client` that is used; what a pool lends has `release` beside it. */
export interface PgClient {
  query(config: PgQuery): Promise<PgResult>;
  on(event: "error" | "end", listener: (error?: Error) => void): unknown;
  on(event: "notification", listener: (message: { readonly channel: string; readonly payload?: string }) => void): unknown;
  removeListener(event: string, listener: (...values: never[]) => void): unknown;
}

export interface PgPoolClient extends PgClient {
  release(destroy?: boolean | Error): void;
}

/** A client outside of a pool. */
export interface PgOwnClient extends PgClient {
  connect(): Promise<void>;
  end(): Promise<void>;
  readonly connection: { readonly stream: { destroy(): void; unref?(): void } };
}

/** The part of pg's `Pool` that is used. */
export interface PgPool {
  connect(): Promise<PgPoolClient>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "acquire" | "connect", listener: (client: PgPoolClient) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "acquire" | "connect", listener: (client: PgPoolClient) => void): unknown;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface PgQuery {
  readonly text: string;
  readonly name?: string;
  readonly values?: unknown[];
  readonly rowMode?: "array";
  readonly types?: unknown;
  readonly query_timeout?: number;
}

export interface PgResult {
  readonly rows: unknown[];
  readonly rowCount: number | null;
}

export interface Pg {
  readonly Pool: new (options: object) => PgPool;
  readonly Client: new (options: object) => PgOwnClient;
}

/** Loads pg when it is first needed. @throws {StoreError} `STEM_MISSING_PEER` */
export async function loadDriver(load: () => Promise<unknown> = () => import("pg")): Promise<Pg> {
  try {
    const found = (await load()) as { readonly default: Pg };
    return found.default;
  } catch (error) {
    if (!["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(codeOf(error))) throw error;
    throw new StoreError("STEM_MISSING_PEER", "The Postgres store needs the package pg, which is not installed.", "Run `npm install pg`.", {
      cause: error,
    });
  }
}

const asNumber = (text: string): number => Number(text);
const asBoolean = (text: string): boolean => text === "t";
const asText = (text: string): string => text;

/** Parsers: int8, int2, int4 and boolean as values; all else as text, with any parsers of an application. */
export const TYPES = {
  getTypeParser(oid: number): (text: string) => unknown {
    return oid === 20 || oid === 23 || oid === 21 ? asNumber : oid === 16 ? asBoolean : asText;
  },
};
