/** The message of an error. No `instanceof Error`: errors made by Node fail it in some test runners. */
export function textOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}

export function stackOf(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "stack" in error ? String(error.stack) : undefined;
}
