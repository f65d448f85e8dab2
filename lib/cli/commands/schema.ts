import type { Command } from "commander";
import type { Migration, Schema } from "../../contract/adapter.js";
import type { StemInstance } from "../../nest/environment.js";
import type { AppOptions } from "../app.js";
import { Exit, EXIT } from "../exit.js";
import { count, json, paint, say, show, table } from "../print.js";
import { withStore } from "../store.js";

interface SchemaOptions extends AppOptions {
  readonly from?: string;
  readonly json?: boolean;
  readonly table?: boolean;
}

export function addSchema(program: Command, withAppOptions: (command: Command) => Command): void {
  withAppOptions(program.command("migrate"))
    .description("bring Stem's schema in the store up to date; any number of processes may do so at once")
    .option("--json", "as JSON")
    .action(async (options: SchemaOptions) => {
      const { adapter, taken, version } = await withSchema(options, async (schema) => {
        const taken = await schema.migrate();
        return { taken, version: await schema.version() };
      });
      if (options.json === true) return json({ adapter, version, taken: taken?.map(({ version, name }) => ({ version, name })) ?? [] });
      if (taken === undefined) return nothingToMigrate(adapter);
      for (const { version, name } of taken) say(`${paint("green", "Took")} ${version} ${name}`);
      say(`The schema in ${adapter} is at version ${version}${taken.length === 0 ? " already" : ""}.`);
    });

  withAppOptions(program.command("status"))
    .description("which version Stem's schema in the store has, and which this package wants; exit 1 when they differ")
    .option("--json", "as JSON (the default when piped)")
    .option("--table", "as a table (the default on a terminal)")
    .action(async (options: SchemaOptions) => {
      const { adapter, version, migrations } = await withSchema(options, async (schema) => ({
        version: await schema.version(),
        migrations: schema.migrations,
      }));
      const newest = migrations === undefined ? undefined : newestOf(migrations);
      if (version !== newest) process.exitCode = EXIT.no;
      if (show(options).json) {
        const steps = migrations?.map((one) => ({ version: one.version, name: one.name, taken: one.version <= version! })) ?? [];
        return json({ adapter, version, newest, upToDate: version === newest, migrations: steps });
      }
      if (migrations === undefined || version === undefined || newest === undefined) return nothingToMigrate(adapter);
      say(stateOf(adapter, version, newest));
      table(
        ["VERSION", "NAME", "STATE"],
        migrations.map((one) => [one.version, one.name, one.version <= version ? "taken" : "missing"]),
      );
    });

  withAppOptions(program.command("sql"))
    .description("print the statements that are missing in the store, for an administrator to run")
    .option("--from <version>", "print what comes after this version instead; the store is then not asked")
    .option("--json", "as JSON")
    .action(async (options: SchemaOptions) => {
      const from = options.from === undefined ? undefined : Number(options.from);
      if (from !== undefined && !(Number.isInteger(from) && from >= 0))
        throw new Exit(EXIT.usage, `--from is a whole number of 0 or more, not "${options.from}".`);
      const { adapter, missing } = await withSchema(options, async (schema) => {
        const version = from ?? (await schema.version());
        return { missing: schema.migrations.filter((one) => one.version > version) };
      });
      if (options.json === true) return json({ adapter, migrations: missing ?? [] });
      // A comment, so that a program that reads the statements goes on.
      if (missing === undefined) return say(`-- ${NOTHING(adapter)}`);
      if (missing.length === 0) return say(`-- The schema in ${adapter} is up to date.`);
      for (const { version, name, sql } of missing) say(`-- ${version} ${name}\n${sql.trimEnd()}\n`);
    });
}

/** The versions side by side, in one line. */
export function stateOf(adapter: string, version: number, newest: number): string {
  const at = `The schema in ${adapter} is at version ${version}`;
  if (version === newest) return `${paint("green", "Up to date:")} ${at}.`;
  return version < newest
    ? `${paint("red", "Behind:")} ${at}, ${count(newest - version, "step")} behind ${newest}. Run "stem migrate".`
    : `${paint("red", "Newer:")} ${at}; this nestjs-stem knows ${newest}. Update nestjs-stem here.`;
}

export function newestOf(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

type Answer<T> = { readonly adapter: string } & Partial<T>;

/**
 * Works on the schema of the app's store, without opening the store.
 * A store without a schema gives an empty answer.
 */
function withSchema<T extends object>(options: SchemaOptions, work: (schema: Schema) => Promise<T>): Promise<Answer<T>> {
  return withStore(options, async ({ adapter: { name, schema } }: StemInstance): Promise<Answer<T>> => {
    if (schema === undefined) return { adapter: name } as Answer<T>;
    return { adapter: name, ...(await work(schema)) };
  });
}

const NOTHING = (adapter: string): string => `The ${adapter} store looks after its schema by itself; there is nothing to migrate.`;

function nothingToMigrate(adapter: string): void {
  say(NOTHING(adapter));
}
