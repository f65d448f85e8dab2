import { median } from "../measure.mjs";

/*
 * What the probes share. A probe measures what a planned feature would cost before it is built; each prints
 * one line of JSON per figure. Decision 014 holds what they gave and what followed.
 */

/**
 * Runs the variants in turn, `rounds` times, so that what else the machine does falls on all; medians of
 * what they return.
 */
export async function inTurn(variants, rounds) {
  const seen = new Map(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const names = [...seen.keys()];
    for (const name of round % 2 === 0 ? names : names.toReversed()) seen.get(name).push(await variants[name]());
  }
  return Object.fromEntries([...seen].map(([name, values]) => [name, median(values)]));
}

/** Milliseconds that `work` takes. */
export async function timed(work) {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

export function print(figure) {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}
