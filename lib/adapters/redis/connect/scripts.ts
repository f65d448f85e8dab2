import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A script as it is sent: its text, and the name Redis knows it by. */
export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

const read = new Map<string, Script>();

/** The script of a verb: `lua/<name>.lua` with the common parts that its `#include` lines name. Read once. */
export function scriptOf(name: string): Script {
  let script = read.get(name);
  if (script === undefined) {
    const text = source(name).replace(/^ *#include (.*)$/gm, (_, parts: string) =>
      parts
        .split(" ")
        .map((part) => source(`common/${part}`))
        .join("\n"),
    );
    read.set(name, (script = { name, text, sha: createHash("sha1").update(text).digest("hex") }));
  }
  return script;
}

function source(name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), "utf8");
}
