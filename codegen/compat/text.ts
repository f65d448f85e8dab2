import type { Change } from "./change.js";

/** The changes as text, breaking ones first. Empty if there are none. */
export function changesText(changes: readonly Change[]): string {
  return changes.map(one).join("\n");
}

function one({ verdict, code, subject, what, breaks, remedy, source }: Change): string {
  const where = source === undefined ? "" : `${source} - `;
  if (verdict === "safe") return `safe: ${subject} ${what}.`;
  return `${where}${verdict} ${code}: ${subject} ${what}.\n  ${breaks}.\n  → ${remedy}.`;
}
