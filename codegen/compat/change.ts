/** A difference between two manifests, and what it breaks. */
export interface Change {
  /**
   * `breaks`: existing jobs, runs or consumers fail. `review`: it depends on what the manifest does not say.
   */
  readonly verdict: "breaks" | "review" | "safe";
  /** Listed in docs/compatibility.md. Undefined for safe changes. */
  readonly code: ChangeCode | undefined;
  /** `task "mail.send"`, `step "charge" of workflow "order.process"`. */
  readonly subject: string;
  readonly what: string;
  /** What fails, and when; empty for safe changes. */
  readonly breaks: string;
  /** How to avoid that; empty for safe changes. */
  readonly remedy: string;
  /** Where it is written now, or was. */
  readonly source: string | undefined;
}

export type ChangeCode = `STEM30${number}`;

export function breaks(code: ChangeCode, subject: string, what: string, fate: string, remedy: string, source: string | undefined): Change {
  return { verdict: "breaks", code, subject, what, breaks: fate, remedy, source };
}

export function review(code: ChangeCode, subject: string, what: string, fate: string, remedy: string, source: string | undefined): Change {
  return { verdict: "review", code, subject, what, breaks: fate, remedy, source };
}

export function safe(subject: string, what: string, source: string | undefined): Change {
  return { verdict: "safe", code: undefined, subject, what, breaks: "", remedy: "", source };
}
