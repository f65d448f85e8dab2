import { readdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { memory } from "../../lib/adapters/memory/index.js";
import { postgres } from "../../lib/adapters/postgres/index.js";
import { redis } from "../../lib/adapters/redis/index.js";
import { sqlite } from "../../lib/adapters/sqlite/index.js";
import { refusedFields } from "../../lib/contract/fields.js";
import type { Adapter } from "../../lib/contract/index.js";
import { type Law, laws } from "../../lib/testing/laws/index.js";
import { expectPage } from "./generated.js";

const FOLDER = fileURLToPath(new URL("../../lib/testing/laws/", import.meta.url));

/** Making an adapter touches nothing, so none of these needs a server. */
const STORES: readonly (readonly [name: string, adapter: Adapter])[] = [
  ["memory", memory()],
  ["SQLite", sqlite("never-opened.db")],
  ["Redis", redis("redis://127.0.0.1:1")],
  ["Redis Cluster", redis({ cluster: ["redis://127.0.0.1:1"] })],
  ["Postgres", postgres("postgres://127.0.0.1:1/none")],
];

/** Files whose laws hold only on some stores. */
const NEEDS: Readonly<Record<string, (adapter: Adapter) => boolean>> = {
  transactions: ({ capabilities }) => capabilities.transactions,
};

/** Capabilities that a store may lack, and what that means for an app. */
const LACKS: readonly (readonly [has: (adapter: Adapter) => boolean, without: string])[] = [
  [({ capabilities }) => capabilities.durable, "its jobs end with the process"],
  [({ capabilities }) => capabilities.shared, "other processes do not see its jobs"],
  [({ capabilities }) => capabilities.transactions, "it takes no transaction of the caller (`STEM_UNSUPPORTED`)"],
  [({ schema }) => schema !== undefined, "it has no schema to migrate by hand (`stem migrate`)"],
  [({ diagnose }) => diagnose !== undefined, "it has no settings to examine (`stem doctor`)"],
];

interface LawFile {
  readonly name: string;
  readonly laws: readonly Law[];
}

let files: readonly LawFile[] = [];

beforeAll(async () => {
  const names = readdirSync(FOLDER).flatMap((file) => /^(.*)\.laws\.ts$/.exec(file)?.[1] ?? []);
  files = await Promise.all(names.sort().map(async (name) => ({ name, laws: await lawsIn(name) })));
});

async function lawsIn(name: string): Promise<readonly Law[]> {
  const exports = Object.values((await import(pathToFileURL(`${FOLDER}${name}.laws.ts`).href)) as object);
  return exports.filter((value): value is readonly Law[] => Array.isArray(value) && value.every((one) => "title" in one && "check" in one)).flat(); // prettier-ignore
}

function page(): string {
  const applying = (file: LawFile, adapter: Adapter) => (NEEDS[file.name]?.(adapter) === false ? 0 : file.laws.length);
  const sums = STORES.map(([, adapter]) => files.reduce((sum, file) => sum + applying(file, adapter), 0));
  const rows = files.map((file) => `| [${file.name}](#${file.name}) | ${STORES.map(([, adapter]) => applying(file, adapter) || "–").join(" | ")} |`); // prettier-ignore
  const limits = STORES.map(([name, adapter]) => `| ${name} | ${[...LACKS.filter(([has]) => !has(adapter)).map(([, without]) => without), ...unhonoured(adapter)].join("; ") || "nothing"} |`); // prettier-ignore
  const titles = files.map((file) => `### ${file.name}\n\n${NEEDS[file.name] === undefined ? "" : `Only on ${STORES.filter(([, adapter]) => NEEDS[file.name]!(adapter)).map(([name]) => name).join(" and ")}.\n\n`}${file.laws.map(({ title }) => wrapped(title)).join("\n")}\n`); // prettier-ignore
  return `# What each store promises

A law is a sentence that every adapter must keep, with a check. \`test/contract\` runs them on each store, and
a broken adapter for each law shows that its check can fail (\`test/contract/faults\`).
\`test/docs/adapters.test.ts\` writes this page from \`lib/testing/laws\` and from what the adapters declare:
\`STEM_WRITE_DOCS=1 npm run jest -- test/docs/adapters\`.

## What a store cannot do

| store | |
|---|---|
${limits.join("\n")}

## Laws by file and store

| file of \`lib/testing/laws\` | ${STORES.map(([name]) => name).join(" | ")} |
|---|${"--:|".repeat(STORES.length)}
${rows.join("\n")}
| all | ${sums.join(" | ")} |

## The laws

${titles.join("\n")}`;
}

/** A list item of at most 110 columns a line. */
function wrapped(title: string): string {
  const lines = ["-"];
  for (const word of title.split(" ")) {
    const line = lines.at(-1)!;
    if (line.length + 1 + word.length > 110) lines.push(`  ${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join("\n");
}

/** Fields of jobs that a store refuses, by name. */
function unhonoured({ honours }: Adapter): readonly string[] {
  const fields = refusedFields(honours);
  return fields.length === 0 ? [] : [`it refuses the fields ${fields.map((name) => `\`${name}\``).join(", ")} of a job`];
}

describe("docs/adapters.md", () => {
  it("has every law that adapters are checked by, and no other", () => {
    const titles = files.flatMap((file) => file.laws.map(({ title }) => title));
    expect(titles.sort()).toEqual(laws.map(({ title }) => title).sort());
  });

  it("names files that there are", () => {
    expect(Object.keys(NEEDS).filter((name) => files.every((file) => file.name !== name))).toEqual([]);
  });

  it("is what the laws and the adapters say", () => {
    expectPage("docs/adapters.md", page());
  });
});
