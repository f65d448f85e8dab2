/** No `instanceof Error`: errors of Node's own making fail it in some test runners. */
export function textOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}

export function stackOf(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "stack" in error ? String(error.stack) : undefined;
}
