/** One step of a path, as in code: `.lines`, `[3]`, `["odd key"]`. */
export function step(key: PropertyKey): string {
  if (typeof key === "number") return `[${key}]`;
  if (typeof key === "symbol") return `[${String(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The step to a value of a Map: `.get("eur")`. */
export function get(key: unknown): string {
  return `.get(${typeof key === "string" ? JSON.stringify(key) : typeof key === "object" ? "…" : String(key)})`;
}

/** The step to a key of a Map: `.keys()[0]`. */
export function keyAt(at: number): string {
  return `.keys()[${at}]`;
}
