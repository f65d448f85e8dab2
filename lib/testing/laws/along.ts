import type { Along, Delivery, Ended, Ending, NewEvent, NewJob, Noted } from "../../contract/index.js";
import { failure, type LawBench } from "./bench.js";

/** What a call that may carry something along answers. */
export interface Sent {
  readonly lost: readonly string[];
  readonly ended?: readonly Ended[];
}

/** Every way in which something can travel along: with each ending, and with a write to a journal. */
export const WAYS: Readonly<Record<string, (bench: LawBench, delivery: Delivery, along: Along) => Promise<Sent>>> = {
  "a success": by(() => ({ as: "succeeded", result: '"well"' })),
  "a failure": by(() => ({ as: "failed", cause: "error", error: failure() })),
  "a retry": by(() => ({ as: "ready", attempt: "spent", delayMs: 60_000, ran: true })),
  "a hand-back": by(() => ({ as: "ready", attempt: "returned", begun: false, delayMs: 60_000 })),
  "a park": by((bench) => ({ as: "parked", waits: [{ name: bench.name("never"), key: "", after: 0 }] })),
  "a cancel of its own": by(() => ({ as: "cancelled", error: failure("enough") })),
  "a new life": by(() => ({ as: "anew", payload: '"again"' })),
  "a write to its journal": (bench, { lease }, along) => bench.adapter.journal.append([{ lease, ...along }], bench.at),
};

function by(ending: (bench: LawBench) => Ending) {
  return (bench: LawBench, { lease }: Delivery, along: Along): Promise<Sent> => bench.settle({ lease, ...along, ...ending(bench) });
}

/** What a job has noted, as its record tells. */
export async function noteOf(bench: LawBench, id: string): Promise<Noted | undefined> {
  const [record] = await bench.adapter.jobs.get([id], { ...bench.at, with: ["note"] });
  return record?.note;
}

let serial = 0;

/** An event of its own, about nothing in particular. */
export function event(bench: LawBench, over: Partial<NewEvent> = {}): NewEvent {
  return { id: bench.name(`along${++serial}`), name: bench.name("moved"), key: "", ...over };
}

/** Stores one job in a queue of its own and takes it. */
export async function lent(bench: LawBench, over: Partial<NewJob> = {}): Promise<Delivery> {
  const job = await bench.put({ queue: bench.name(`lent${++serial}`), ...over });
  return bench.takeOne({ from: [{ queue: job.queue }] });
}

/** Stores one job, takes it and parks it for an event. */
export async function asleep(bench: LawBench, { name, key }: { readonly name: string; readonly key: string }): Promise<Delivery> {
  const delivery = await lent(bench);
  await bench.end(delivery, { as: "parked", waits: [{ name, key, after: 0 }] });
  return delivery;
}
