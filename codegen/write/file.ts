import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CodegenError } from "../errors.js";

/**
 * The present text of a generated file, with line feeds in any checkout; undefined if there is none.
 *
 * @param own whether a text was generated
 * @throws {CodegenError} `STEM_OUT_REFUSED` if the path holds something that was not generated, or cannot be
 * read
 */
export function currentText(out: string, shown: string, own: (text: string) => boolean): string | undefined {
  let text: string;
  try {
    text = readFileSync(out, "utf8");
    if (text.includes("\r\n")) text = text.replaceAll("\r\n", "\n");
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ENOENT") return undefined;
    throw new CodegenError("STEM_OUT_REFUSED", `${shown} cannot be read.`, "Give another path, of a file that can be written to.", {
      cause: error,
    });
  }
  if (text.trim() === "" || own(text)) return text;
  throw new CodegenError(
    "STEM_OUT_REFUSED",
    `${shown} was not generated, so it is not written over.`,
    "Give another path, or delete the file.",
  );
}

/**
 * Writes the file as a whole or not at all: a reader sees the old text or the new one.
 * @throws {CodegenError} `STEM_OUT_REFUSED`
 */
export function writeAtomically(out: string, text: string, shown: string): void {
  const beside = `${out}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(beside, text);
    renameSync(beside, out);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new CodegenError("STEM_OUT_REFUSED", `${shown} cannot be written.`, "Give another path, of a file that can be written to.", {
      cause: error,
    });
  }
}
