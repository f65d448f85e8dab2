import { describe, expect, it } from "@jest/globals";
import type { Delivery } from "../../../lib/contract/index.js";
import { decide } from "../../../lib/core/attempt/decide.js";

const retry = { attempts: 3, baseMs: 1_000, capMs: 5_000, when: undefined };
const dice = (): number => 0.5;
const journal = [{ seq: 1, key: "charge", kind: "step", state: "done" }] as const;

function delivery(attempt = 1): Delivery {
  const job = { id: "j", task: "t", queue: "q", payload: "", priority: 0, enqueuedAt: 0, dueAt: 0 };
  return { job, lease: { jobId: "j", fence: 4, job: 1 }, attempt, lapses: 0, inputs: [], journaled: false };
}

const lease = { jobId: "j", fence: 4, job: 1 };

describe("Deciding what an outcome means", () => {
  it("ends what returned as succeeded, with result, journal and jobs in the same step", () => {
    const enqueue = [{ id: "k", task: "t", queue: "q", payload: "" }];
    expect(decide({ kind: "returned", result: undefined }, delivery(), retry, dice)).toEqual({ lease, as: "succeeded" });
    expect(decide({ kind: "returned", result: "1", journal, enqueue }, delivery(), retry, dice)).toEqual({
      lease,
      as: "succeeded",
      result: "1",
      journal,
      enqueue,
    });
  });

  it("retries a failure with the attempt spent, until the last", () => {
    const threw = { kind: "threw", error: new Error("no"), retryable: true, cause: "error" } as const;
    expect(decide(threw, delivery(1), retry, dice)).toMatchObject({
      lease,
      as: "ready",
      attempt: "spent",
      delayMs: 500,
      error: { message: "no", attempt: 1 },
    });
    expect(decide(threw, delivery(2), retry, dice)).toMatchObject({ delayMs: 1_000 });
    expect(decide(threw, delivery(3), retry, dice)).toMatchObject({ lease, as: "failed", cause: "error", error: { attempt: 3 } });
    expect(decide({ ...threw, retryable: false, cause: "rejected", journal }, delivery(1), retry, dice)).toMatchObject({
      as: "failed",
      cause: "rejected",
      journal,
    });
  });

  it("gives the attempt back for a snooze, a park and a shutdown", () => {
    expect(decide({ kind: "snoozed", delayMs: 5 }, delivery(), retry, dice)).toEqual({
      lease,
      as: "ready",
      attempt: "returned",
      ran: true,
      delayMs: 5,
    });
    expect(decide({ kind: "snoozed", dueAt: 77, journal }, delivery(), retry, dice)).toEqual({
      lease,
      as: "ready",
      attempt: "returned",
      ran: true,
      dueAt: 77,
      journal,
    });
    expect(decide({ kind: "parked", waits: [{ name: "e", key: "k", after: 0 }], deadline: 9 }, delivery(), retry, dice)).toEqual({
      lease,
      as: "parked",
      waits: [{ name: "e", key: "k", after: 0 }],
      deadline: 9,
    });
    expect(decide({ kind: "aborted", reason: "shutdown", journal: [] }, delivery(), retry, dice)).toEqual({
      lease,
      as: "ready",
      attempt: "returned",
    });
  });

  it("writes nothing for a job that is not ours any more, and a failed attempt for a timeout", () => {
    expect(decide({ kind: "aborted", reason: "cancelled" }, delivery(), retry, dice)).toBeUndefined();
    expect(decide({ kind: "aborted", reason: "lost" }, delivery(), retry, dice)).toBeUndefined();
    expect(decide({ kind: "aborted", reason: "timeout" }, delivery(), retry, dice)).toMatchObject({
      as: "ready",
      attempt: "spent",
      error: { name: "TimeoutError" },
    });
  });
});
