/**
 * Runs a statement with `$1` parameters inside the caller's transaction.
 * Rows are objects whose keys are in the order of the columns.
 */
export type Executor = (text: string, values: readonly (string | null)[]) => Promise<readonly object[]>;

/**
 * The members of a handle that are read.
 * Shapes, not classes, since each library may be there in several copies and versions.
 */
type Shape = Readonly<Record<string, unknown>>;

/** A kind of handle: how it is recognised, and how a statement is run on it. */
interface Kind {
  readonly name: string;
  /**
   * Undefined: not of this kind. A text: of this kind, but not a transaction; it says what to pass instead.
   */
  readonly match: (handle: Shape) => Executor | string | undefined;
}

const isFunction = (value: unknown): value is (...values: unknown[]) => unknown => typeof value === "function";
const isObject = (value: unknown): value is Shape => (typeof value === "object" && value !== null) || isFunction(value);

/** Calls a method that is known to be there. */
function call(on: Shape, method: string, ...values: unknown[]): Promise<unknown> {
  return Promise.resolve((on[method] as (...values: unknown[]) => unknown).call(on, ...values));
}

function rowsOf(result: unknown, key: "rows" | "records"): readonly object[] {
  if (Array.isArray(result)) return result as object[];
  const rows = isObject(result) ? result[key] : undefined;
  return Array.isArray(rows) ? (rows as object[]) : [];
}

/** In the order in which they are tried: several have a method `query`. */
const KINDS: readonly Kind[] = [
  {
    name: "a transaction of Prisma",
    match(handle) {
      if (!isFunction(handle["$queryRawUnsafe"])) return undefined;
      if (isFunction(handle["$connect"]))
        return "a PrismaClient: pass the client that `prisma.$transaction(async (tx) => …)` hands to its callback";
      return async (text, values) => rowsOf(await call(handle, "$queryRawUnsafe", text, ...values), "rows");
    },
  },
  {
    name: "a transaction of Kysely",
    match(handle) {
      if (!isFunction(handle["executeQuery"]) || typeof handle["isTransaction"] !== "boolean") return undefined;
      if (!handle["isTransaction"])
        return "a Kysely instance: pass the `trx` that `db.transaction().execute(async (trx) => …)` hands to its callback";
      return async (text, values) => {
        const query = { kind: "RawNode", sqlFragments: [text], parameters: [] };
        return rowsOf(await call(handle, "executeQuery", { sql: text, query, parameters: values, queryId: { queryId: "stem" } }), "rows");
      };
    },
  },
  {
    name: "a transaction of Drizzle",
    match(handle) {
      const session = handle["session"];
      if (!isObject(session) || !isFunction(session["prepareQuery"])) return undefined;
      if (typeof handle["nestedIndex"] !== "number" || !isFunction(handle["rollback"]))
        return "a Drizzle database: pass the `tx` that `db.transaction(async (tx) => …)` hands to its callback";
      return async (text, values) => {
        const query = await call(session, "prepareQuery", { sql: text, params: values }, undefined, undefined, false);
        return rowsOf(await call(query as Shape, "execute"), "rows");
      };
    },
  },
  {
    name: "a transaction of Knex",
    match(handle) {
      if (!isFunction(handle) || !isFunction(handle["raw"]) || !isFunction(handle["transaction"])) return undefined;
      if (handle["isTransaction"] !== true)
        return "a Knex instance: pass the `trx` that `knex.transaction(async (trx) => …)` hands to its callback";
      if (isFunction(handle["isCompleted"]) && handle["isCompleted"]() === true)
        return "a transaction of Knex that has ended: pass one that is open";
      return async (text, values) => {
        // Knex knows question marks only, one per use.
        const bindings: (string | null)[] = [];
        const raw = text.replaceAll(/\\?\?|\$(\d+)/g, (found, number: string | undefined) => {
          if (number === undefined) return `\\${found.at(-1)!}`;
          bindings.push(values[Number(number) - 1] ?? null);
          return "?";
        });
        return rowsOf(await call(handle, "raw", raw, bindings), "rows");
      };
    },
  },
  {
    name: "an EntityManager or QueryRunner of TypeORM",
    match(handle) {
      if (isFunction(handle["createQueryRunner"]) && isFunction(handle["query"]))
        return "a DataSource of TypeORM: pass the `manager` that `dataSource.transaction(async (manager) => …)` hands to its callback, or a QueryRunner with a transaction begun";
      const isManager = isFunction(handle["query"]) && isFunction(handle["getRepository"]);
      const runner = isManager ? handle["queryRunner"] : handle;
      if (isManager && !isObject(runner))
        return "an EntityManager of TypeORM that is in no transaction: pass the one that `dataSource.transaction(async (manager) => …)` hands to its callback";
      if (!isObject(runner) || typeof runner["isTransactionActive"] !== "boolean" || !isFunction(runner["query"])) return undefined;
      if (!runner["isTransactionActive"]) return "a QueryRunner of TypeORM that is in no transaction: call `startTransaction()` first";
      return async (text, values) => rowsOf(await call(runner, "query", text, values, true), "records");
    },
  },
  {
    name: "a client of pg",
    match(handle) {
      if (!isFunction(handle["query"])) return undefined;
      if ("totalCount" in handle || (isFunction(handle["connect"]) && isFunction(handle["end"]) && "idleCount" in handle))
        return "a pg.Pool, whose statements each may go to another connection: pass a client, `const client = await pool.connect()`, on which you have run BEGIN";
      if (!("processID" in handle) && !("connection" in handle)) return undefined;
      // If pg reports it: "I" is idle, outside of a transaction.
      if (isFunction(handle["getTransactionStatus"]) && handle["getTransactionStatus"]() === "I" && !isBusy(handle)) return OUTSIDE;
      return async (text, values) => rowsOf(await call(handle, "query", text, values), "rows");
    },
  },
];

/** The error text for a handle whose statements turn out to be in no transaction. */
export const OUTSIDE = "in no transaction (any more): run BEGIN on it first, and await this call before COMMIT";

/** True if statements wait on a client: BEGIN may be among them. */
function isBusy(client: Shape): boolean {
  const queue = client["_queryQueue"];
  return client["activeQuery"] != null || client["_activeQuery"] != null || (Array.isArray(queue) && queue.length > 0);
}

/**
 * Finds how to run a statement in a caller's transaction.
 *
 * @throws {TypeError} if the handle is not a transaction, with what to pass instead
 */
export function executorOf(handle: unknown): Executor {
  if (isObject(handle))
    for (const { match } of KINDS) {
      const found = match(handle);
      if (typeof found === "string") throw refusal(found);
      if (found !== undefined) return found;
    }
  throw refusal(`${described(handle)}, which is not a transaction on Postgres: pass ${KINDS.map(({ name }) => name).join(", or ")}`);
}

/** The error for a wrong handle. */
export function refusal(why: string): TypeError {
  return new TypeError(`The option transaction is ${why}. Nothing was stored.`);
}

function described(handle: unknown): string {
  if (handle === null) return "null";
  if (isFunction(handle)) return "a function";
  return typeof handle === "object" ? "an object of another kind" : `the ${typeof handle} ${String(handle)}`;
}
