import type { Command } from "commander";
import type { Finding } from "../../contract/adapter.js";
import type { StemHealth } from "../../core/client/health.js";
import type { StemInstance } from "../../nest/environment.js";
import { type AppOptions, messageOf } from "../app.js";
import { EXIT } from "../exit.js";
import { count, json, paint, queuesTable, say, show, table } from "../print.js";
import { findingsOf, openedHealth, withStore } from "../store.js";
import { newestOf, stateOf } from "./schema.js";

interface Examined {
  readonly health: StemHealth;
  readonly schema?: { readonly version: number; readonly newest: number };
  readonly findings: readonly Finding[];
}

export function addDoctor(program: Command, withAppOptions: (command: Command) => Command): void {
  withAppOptions(program.command("doctor"))
    .description(
      "look at the store from all sides: connection, version, schema, settings that put jobs at risk; exit 1 when something is wrong",
    )
    .option("--json", "as JSON (the default when piped)")
    .option("--table", "as a table (the default on a terminal)")
    .action(async (options: AppOptions & { readonly json?: boolean; readonly table?: boolean }) => {
      const { health, schema, findings } = await withStore(options, examine);
      const ok = health.ok && findings.length === 0 && (schema === undefined || schema.version === schema.newest);
      if (!ok) process.exitCode = EXIT.no;
      if (show(options).json) return json({ ...health, ok, connected: health.ok, schema, findings });
      if (health.ok)
        line(
          true,
          `${health.adapter} at ${health.store} answers in ${health.ms.toFixed(1)} ms${health.server ? ` (${health.server})` : ""}`,
        );
      else line(false, `${health.adapter}: ${health.error}`);
      if (schema !== undefined) line(schema.version === schema.newest, stateOf(health.adapter, schema.version, schema.newest));
      for (const { message, hint, code } of findings) line(false, `${message}\n  → ${hint}  [${code}]`);
      if (!health.ok) return;
      if (findings.length === 0) line(true, "Its settings put no job at risk");
      const alive = health.workers.filter((worker) => worker.alive);
      say(`  ${count(alive.length, "worker")} alive, ${count(health.queues.length, "queue")} in use`);
      if (alive.length > 0) {
        say("");
        table(
          ["WORKER", "HOST", "QUEUES", "SLOTS", "ACTIVE"],
          alive.map(({ id, info, active }) => [id, info["host"], info["queues"], info["concurrency"], active]),
        );
      }
      if (health.queues.length > 0) {
        say("");
        queuesTable(health.queues);
      }
    });
}

/** Never throws for a finding in the store, as the command asks for findings. */
async function examine(instance: StemInstance): Promise<Examined> {
  const health = await openedHealth(instance).catch((error: unknown): StemHealth => {
    const code = (error as { readonly code?: unknown } | null)?.code;
    return { ok: false, adapter: instance.adapter.name, error: messageOf(error), ...(typeof code === "string" && { code }) };
  });
  const findings = health.ok ? await findingsOf(instance).catch(couldNotLook) : [];
  // A schema that is behind keeps the store from being opened; a store that cannot be reached has no answer.
  const { schema } = instance.adapter;
  if (schema === undefined || (!health.ok && health.code === "STEM_STORE_UNREACHABLE")) return { health, findings };
  const version = await schema.version().catch(() => undefined);
  return { health, findings, ...(version !== undefined && { schema: { version, newest: newestOf(schema.migrations) } }) };
}

function couldNotLook(error: unknown): readonly Finding[] {
  const message = `The settings of the store cannot be looked at: ${messageOf(error)}`;
  return [{ code: "STEM_DIAGNOSE_FAILED", message, hint: "Give this user the right to read them, or look yourself." }];
}

function line(good: boolean, text: string): void {
  say(`${good ? paint("green", "✓") : paint("red", "✗")} ${text}`);
}
