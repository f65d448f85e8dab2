import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { statementOf } from "../../../lib/adapters/postgres/connect/statements.js";
import { settleText } from "../../../lib/adapters/postgres/lend/settle-text.js";
import { describeShared } from "../../servers/index.js";
import { PostgresBench } from "./bench.js";

const FOLDER = fileURLToPath(new URL("../../../lib/adapters/postgres/sql", import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".sql"));

/** All that a statement may be put together of; those of a settle are counted up below. */
const PARTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  append: [[]],
  claim: ["durably", "loosely"].flatMap((how) => ["downward", "upward"].map((order) => ["alone", how, order])),
  due: [["owned"], ["chosen"]],
  enqueue: ["plain", "full"].flatMap((size) => ["alone", "inside"].map((where) => [size, where])),
  queues: [[]],
  read: [[]],
  renew: [[], ["heard"]],
};

describe("A statement in sql/", () => {
  it.each(files)("%s says what it is given, what comes back, what it locks and how it is planned", (file) => {
    const [header] = readFileSync(join(FOLDER, file), "utf8").split(/^(?!--)/m);
    for (const word of ["Parameters", "Rows?", "Locks", "Plan"]) expect(header).toMatch(new RegExp(`^-- ${word}[:,]`, "m"));
  });

  it("is sent without its comments, its parameters numbered in the order of its header", () => {
    const text = statementOf("renew", "heard");
    expect(text).not.toContain("--");
    expect(text).not.toMatch(/^\s*$/m);
    expect(text).toContain("coalesce($1::bigint");
    expect(text).toContain("WHERE id = $2::text");
    expect(text).toContain("no > $5::bigint");
    expect(statementOf("renew")).not.toContain("$5");
  });
});

describeShared("postgres")("A server", () => {
  let bench: PostgresBench;
  let client: Client;

  beforeAll(async () => {
    bench = await PostgresBench.start("statements");
    await bench.open();
    client = new Client(bench.url);
    await client.connect();
  });

  afterAll(async () => {
    await client?.end();
    await bench?.stop();
  });

  const prepared = (text: string): Promise<unknown> =>
    client.query(`PREPARE one AS ${text.replaceAll("stem.", `"${bench.schema}".`)}; DEALLOCATE one`);

  it("understands each of them, whatever it is put together of", async () => {
    expect([...Object.keys(PARTS), "settle"].sort()).toEqual(files.map((file) => file.replace(".sql", "")));
    for (const [name, all] of Object.entries(PARTS)) for (const parts of all) await prepared(statementOf(name, ...parts));
  });

  it("understands a settle, whatever a batch needs", async () => {
    for (let needs = 0; needs < 128; needs++) {
      const [whole, partly, kept, forgotten, writing, claiming, upward] = [1, 2, 4, 8, 16, 32, 64].map((bit) => (needs & bit) !== 0) as [
        boolean,
        boolean,
        boolean,
        boolean,
        boolean,
        boolean,
        boolean,
      ];
      if (whole || partly) await prepared(settleText({ whole, partly, kept, forgotten, writing, claiming, upward }));
    }
  });
});
