import { describe, expect, it } from "@jest/globals";
import { isFinal, JOB_STATES, type JobState, NEXT_STATES } from "../../lib/contract/index.js";
import { expectPage } from "./generated.js";

/** What causes a move, and which call makes it. */
interface Move {
  readonly when: string;
  readonly by: string;
}

/** Every move of `NEXT_STATES`, no more: the compiler and the first test see to that. */
const MOVES: { readonly [S in JobState]: { readonly [T in (typeof NEXT_STATES)[S][number]]: Move } } = {
  blocked: {
    ready: { when: 'its last input has succeeded, or ended otherwise under `onFailure: "continue"`', by: "the call that ends the input" },
    failed: { when: "an input failed or expired", by: "the call that ends the input" },
    cancelled: { when: "it was cancelled, or an input was", by: "`cancel`, or the call that ends the input" },
  },
  ready: {
    active: { when: "a worker takes it, at its time (`dueAt`)", by: "`claim`, also inside `settle`" },
    cancelled: { when: "it was cancelled", by: "`cancel`" },
    expired: { when: "it had not started by its `expiresAt`", by: "`claim` of any worker" },
  },
  active: {
    succeeded: { when: "its handler returned", by: "`settle`" },
    ready: {
      when: "a retry, a snooze, a hand-back, an event that was stored already, a new life under its id, or a lease that lapsed",
      by: "`settle`; of a lapse `claim` of another worker; of a worker that leaves `leave`",
    },
    parked: { when: "its run waits for an event, a signal or a time", by: "`settle`" },
    failed: { when: "no attempt is left, a refusal, or too many leases that lapsed", by: "`settle`; of lapses `claim`" },
    cancelled: { when: "it was cancelled", by: "`cancel`" },
  },
  parked: {
    ready: {
      when: "its event came, its deadline passed, or its journal was rewritten",
      by: "`emit`; of the deadline `claim`; of its journal `rewrite`",
    },
    cancelled: { when: "it was cancelled", by: "`cancel`" },
  },
  succeeded: {},
  failed: {
    ready: { when: "it was retried, or its journal was rewritten", by: "`retry`, `rewrite`" },
    blocked: { when: "the input because of which it failed was retried", by: "`retry` of the input" },
  },
  cancelled: {
    ready: { when: "it was retried, or its journal was rewritten", by: "`retry`, `rewrite`" },
    blocked: { when: "the input with which it was cancelled was retried", by: "`retry` of the input" },
  },
  expired: { ready: { when: "it was retried, or its journal was rewritten", by: "`retry`, `rewrite`" } },
};

const MEANING: Readonly<Record<JobState, string>> = {
  blocked: "waits for other jobs, its inputs",
  ready: "waits for a worker, or for its time",
  active: "is on loan to a worker",
  parked: "is a run that waits, and holds no worker",
  succeeded: "returned",
  failed: "failed for good: a dead letter, or the end of its input",
  cancelled: "was cancelled",
  expired: "had not started in time",
};

function page(): string {
  const rows = JOB_STATES.map((state) => {
    const to = next(state).map((one) => `\`${one}\``);
    return `| \`${state}\` | ${MEANING[state]} | ${isFinal(state) ? "yes" : "no"} | ${to.join(", ") || "none"} |`;
  });
  const moves = JOB_STATES.flatMap((from) =>
    next(from).map((to) => `| \`${from}\` → \`${to}\` | ${moveOf(from, to).when} | ${moveOf(from, to).by} |`),
  );
  return `# States of a job

Every state and every permitted move, from \`NEXT_STATES\` in \`lib/contract/job.ts\`. The laws try each verb on
a job in each state (\`lib/testing/laws/states.laws.ts\`). \`test/docs/states.test.ts\` writes this page:
\`STEM_WRITE_DOCS=1 npm run jest -- test/docs/states\`.

\`\`\`
${picture()}
\`\`\`

A new job begins \`blocked\` if it waits for others, and \`ready\` if not. A job with a later time is \`ready\`,
with \`delayed: true\` in its record. After a final state its record is kept for \`keepResult\` or
\`keepFailed\`. Only a retry, or a rewritten journal, leads out of a final state.

| state | the job | final | next |
|---|---|---|---|
${rows.join("\n")}

| move | when | made by |
|---|---|---|
${moves.join("\n")}
`;
}

/** One line per move, as a tree. */
function picture(): string {
  const width = Math.max(...JOB_STATES.map((state) => state.length));
  return JOB_STATES.flatMap((from) => {
    const to = next(from);
    if (to.length === 0) return [from];
    return to.map((one, at) => {
      const branch = to.length === 1 ? "──►" : at === 0 ? "┬─►" : at === to.length - 1 ? "└─►" : "├─►";
      return `${at === 0 ? `${from} `.padEnd(width + 2, "─") : " ".repeat(width + 2)}${branch} ${one}`;
    });
  }).join("\n");
}

function next(state: JobState): readonly JobState[] {
  return NEXT_STATES[state];
}

function moveOf(from: JobState, to: JobState): Move {
  return (MOVES[from] as Readonly<Record<string, Move>>)[to]!;
}

describe("docs/states.md", () => {
  it("has every move that the contract permits, and no other", () => {
    for (const state of JOB_STATES) expect(Object.keys(MOVES[state]).sort()).toEqual([...next(state)].sort());
  });

  it("is what the contract says", () => {
    expectPage("docs/states.md", page());
  });
});
