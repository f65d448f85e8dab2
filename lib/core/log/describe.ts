/** How many causes of an error are named after it. */
const CAUSES = 4;

/** One line about any thrown value, or about a failure as data, with its causes; never throws. */
export function describe(thrown: unknown): string {
  let line = lineOf(thrown);
  let below = thrown;
  for (let i = 0; i < CAUSES; i++) {
    below = belowOf(below);
    if (below === undefined || below === null) break;
    const next = lineOf(below);
    // Some messages name the cause already.
    if (!line.includes(next) && !line.includes(messageOf(below) ?? next)) line += ` ← ${next}`;
  }
  return line;
}

/** The cause, or the first of several errors. */
function belowOf(thrown: unknown): unknown {
  try {
    if (typeof thrown !== "object" || thrown === null) return undefined;
    const { cause, errors } = thrown as { cause?: unknown; errors?: unknown };
    return cause ?? (Array.isArray(errors) && errors[0] instanceof Object && "stack" in errors[0] ? errors[0] : undefined);
  } catch {
    return undefined;
  }
}

function messageOf(thrown: unknown): string | undefined {
  try {
    const message: unknown = typeof thrown === "object" && thrown !== null && "message" in thrown ? thrown.message : undefined;
    return typeof message === "string" && message !== "" ? message : undefined;
  } catch {
    return undefined;
  }
}

function lineOf(thrown: unknown): string {
  try {
    if (typeof thrown === "object" && thrown !== null && "message" in thrown) {
      const { name, message } = thrown as { name?: unknown; message: unknown };
      return typeof name === "string" ? `${name}: ${String(message)}` : String(message);
    }
    return String(thrown);
  } catch {
    return "a value that cannot be shown";
  }
}
