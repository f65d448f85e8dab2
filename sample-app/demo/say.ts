import { styleText } from "node:util";

const plain = !process.stdout.isTTY || process.env["NO_COLOR"] !== undefined;
const began = performance.now();

const paint = (style: Parameters<typeof styleText>[0], text: string): string => (plain ? text : styleText(style, text));

/** A heading of the story. */
export function chapter(title: string): void {
  console.log(`\n${paint("bold", title)}`);
}

/** One thing that happened, with the seconds since the start. */
export function say(text: string): void {
  console.log(`${paint("dim", `${((performance.now() - began) / 1_000).toFixed(1).padStart(5)} s`)}  ${text}`);
}

/** A promise that was kept. */
export function kept(text: string): void {
  say(`${paint("green", "✓")} ${text}`);
}

export class BrokenPromise extends Error {}

/** Ends the demo, with the reason, unless the promise was kept. */
export function promise(holds: boolean, text: string, otherwise: () => string = () => ""): void {
  if (!holds) throw new BrokenPromise(`${text} — but it did not: ${otherwise()}`);
  kept(text);
}

export function table(rows: readonly (readonly [string, string | number])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  const line = "─".repeat(width + 2);
  console.log(`\n${line}┬${"─".repeat(30)}`);
  for (const [name, value] of rows) console.log(` ${name.padEnd(width)} │ ${paint("bold", String(value))}`);
  console.log(`${line}┴${"─".repeat(30)}`);
}

export const secondsSinceStart = (): number => (performance.now() - began) / 1_000;
