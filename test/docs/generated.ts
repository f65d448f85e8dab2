import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";

/** Expects a page of docs/ to have this text; with STEM_WRITE_DOCS=1 it is written first. */
export function expectPage(path: string, text: string): void {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  if (process.env["STEM_WRITE_DOCS"] !== undefined) writeFileSync(file, text);
  expect(readFileSync(file, "utf8")).toBe(text);
}
