import { styleText } from "node:util";
import type { QueueInfo } from "../contract/queues.js";

/** How a command shows its answer: a table for people, JSON when piped or asked for. */
export interface Show {
  readonly json: boolean;
}

/** JSON when `--json` is given or the output is not a terminal, unless `--table` is given. */
export function show(options: { readonly json?: boolean; readonly table?: boolean }): Show {
  return { json: options.json ?? (options.table === true ? false : process.stdout.isTTY !== true) };
}

export const colours = (): boolean => process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;

export function paint(style: "bold" | "dim" | "red" | "green" | "yellow", text: string): string {
  return colours() ? styleText(style, text) : text;
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** `1 task`, `2 tasks`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

export function json(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Prints rows under headings, columns as wide as they need, no wider than `widest` characters. */
export function table(headings: readonly string[], rows: readonly (readonly unknown[])[], widest = 60): void {
  const cells = rows.map((row) => row.map((cell) => clip(cell === undefined || cell === null ? "" : String(cell), widest)));
  const widths = headings.map((heading, i) => Math.max(heading.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  say(paint("bold", line(headings)));
  for (const row of cells) say(line(row));
}

/** The counts of queues. */
export function queuesTable(queues: readonly QueueInfo[]): void {
  table(
    ["QUEUE", "READY", "DELAYED", "ACTIVE", "BLOCKED", "PARKED", "DEAD", ""],
    queues.map((one) => [
      one.queue,
      one.ready,
      one.delayed,
      one.active,
      one.blocked,
      one.parked,
      one.dead,
      [...(one.paused ? ["paused"] : []), ...(one.capped ? ["or more"] : [])].join(", "),
    ]),
  );
}

/** One line of at most `width` characters. */
function clip(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

/** A progress bar on a terminal's stderr; silent elsewhere. `total` undefined: unknown. */
export function progress(what: string, total: number | undefined): { at(done: number): void; end(): void } {
  if (process.stderr.isTTY !== true) return { at() {}, end() {} };
  return {
    at(done) {
      const bar = total === undefined ? "" : `[${"█".repeat(Math.round((done / Math.max(total, 1)) * 24)).padEnd(24, "░")}] `;
      process.stderr.write(`\r${what} ${bar}${done}${total === undefined ? "" : `/${total}`}`);
    },
    end() {
      process.stderr.write("\r\u001B[K");
    },
  };
}
