import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { withProject } from "./project.js";
import { standaloneCode, type Described } from "../../codegen/standalone/package.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const DATE = { type: "string", format: "date-time", "x-stem": "date" };
const MAIL: Described = {
  tasks: {
    "mail.send": {
      queue: "mail",
      priority: 5,
      input: { type: "object", properties: { to: { type: "string", minLength: 3 }, at: DATE }, required: ["to"] },
      output: { $ref: "#/$defs/Receipt" },
    },
    "mail.flush": { queue: "mail", options: { keepResult: "2h", keepFailed: 0, timeout: 5 } },
  },
  workflows: {
    "order.process": {
      queue: "runs",
      input: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
      output: { type: "string" },
      signals: { approved: { payload: { type: "object", properties: { by: { type: "string" } }, required: ["by"] } } },
    },
  },
  events: {
    "order.paid": { payload: { type: "object", properties: { on: DATE }, required: ["on"] } },
    "order.seen": { payload: {}, optional: true },
  },
  schedules: { nightly: { queue: "mail" } },
  $defs: {
    Receipt: { type: "object", properties: { id: { type: "string" }, sent: DATE }, required: ["id", "sent"], description: "Proof." },
  },
};

const of = (kind: string, all: object): object =>
  Object.fromEntries(Object.entries(all).map(([name, one]) => [name, { kind, ...(one as object) }]));
const DEFINITIONS = {
  hash: "abc",
  tasks: { ...of("task", MAIL.tasks), ...of("workflow", MAIL.workflows) },
  events: MAIL.events,
  $defs: MAIL.$defs,
};

const PRODUCER = `import { createStemClient, StemClient, type Receipt } from "@acme/jobs";
import { memory } from "nestjs-stem";
export async function main(): Promise<string> {
  const client = await createStemClient({ adapter: memory() });
  const job = await client.tasks.mail.send.enqueue({ to: "ada@example.com", at: new Date(0) }, { delay: "1h" });
  await client.tasks.mail.flush.enqueue();
  await client.events.order.paid.emit("A-1", { on: new Date(0) });
  await client.events.order.seen.emit("A-1", { by: ["anyone"] });
  await client.events.order.seen.emit("A-2");
  const run = await client.workflows.order.process.start({ id: "A-1" });
  const told = await run.signal.approved({ by: "ada" });
  const refused = await client.tasks.mail.send.enqueue({ to: "a" }).then(() => "", (error: Error) => error.message);
  const record = await job.status();
  const next = await client.schedules.nightly.next();
  const receipt: Promise<Receipt> | undefined = undefined as Promise<Receipt> | undefined;
  await client.close();
  return JSON.stringify([record?.queue, record?.priority, record?.payload, told.as, refused.includes("payload.to"), String(next), StemClient.definitions.hash, String(receipt), client.tasks.mail.flush.keepResultMs, client.tasks.mail.flush.keepFailedMs]);
}
`;

const WRONG = `import { StemClient } from "@acme/jobs";
export const wrong = (client: StemClient) => [
  // @ts-expect-error no such member
  client.tasks.mail.send.enqueue({ too: "x" }),
  // @ts-expect-error a Date, not text
  client.tasks.mail.send.enqueue({ to: "x", at: "now" }),
  // @ts-expect-error no such task
  client.tasks.mail.sned,
  // @ts-expect-error who?
  client.workflows.order.process.handle("x").signal.approved({}),
  // @ts-expect-error no payload
  client.tasks.mail.flush.enqueue({}),
];
`;

const folder = mkdtempSync(join(tmpdir(), "stem-standalone-"));
const write = (path: string, text: string): void => {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const node = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout;
};

beforeAll(() => {
  const code = standaloneCode(MAIL, DEFINITIONS, (kind, name) =>
    kind === "task" && name === "mail.send" ? "Sends one mail.\n\n@deprecated soon" : undefined,
  );
  for (const [file, text] of Object.entries(code)) write(`node_modules/@acme/jobs/${file}`, text);
  write("node_modules/@acme/jobs/package.json", JSON.stringify({ name: "@acme/jobs", type: "module", exports: { ".": { types: "./index.d.ts", default: "./index.js" } } })); // prettier-ignore
  for (const name of ["@nestjs", "@types", "reflect-metadata", "rxjs"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  symlinkSync(root, join(folder, "node_modules/nestjs-stem"));
  write("src/producer.ts", PRODUCER);
  write("src/wrong.ts", WRONG);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("stem generate --standalone", () => {
  const SOURCES = {
    "src/mail.ts": `import { Task } from "nestjs-stem";
/** Sends one mail. */
@Task("mail.send", { queue: "mail" })
export class SendMail {
  async run(input: { to: string; at?: Date }): Promise<{ id: string }> {
    return { id: input.to };
  }
}
`,
  };

  it("writes a package that names nothing of the sources, and writes it again only when they change", () =>
    withProject(SOURCES, async (project) => {
      const options = { standalone: "clients/jobs" };
      expect(await project.generate(options)).toMatchObject({ state: "written", standalone: "clients/jobs" });
      const declared = project.text("clients/jobs/index.d.ts");
      expect(declared).toContain("'mail.send': { input: { at?: Date; to: string }; output: { id: string } };");
      expect(declared).toContain("/** Sends one mail. */");
      expect(declared + project.text("clients/jobs/index.js")).not.toMatch(/SendMail|src\//);
      expect(JSON.parse(project.text("clients/jobs/package.json"))).toMatchObject({ name: "jobs", type: "module", peerDependencies: { "nestjs-stem": expect.stringMatching(/^\^\d/) } }); // prettier-ignore
      expect(await project.generate(options)).toMatchObject({ state: "unchanged" });
    }));

  it("leaves the name and version of its package.json alone", () =>
    withProject(
      { ...SOURCES, "clients/jobs/package.json": '{ "name": "@acme/jobs", "version": "3.1.0", "license": "MIT" }' },
      async (project) => {
        await project.generate({ standalone: "clients/jobs" });
        expect(JSON.parse(project.text("clients/jobs/package.json"))).toMatchObject({ name: "@acme/jobs", version: "3.1.0", license: "MIT", type: "module" }); // prettier-ignore
      },
    ));

  it("is part of --check", () =>
    withProject(SOURCES, async (project) => {
      const options = { standalone: "clients/jobs" };
      await project.generate(options);
      project.write({ "clients/jobs/index.js": project.text("clients/jobs/index.js").replace("mail.send", "mail.sent") });
      const stale = await project.generate({ ...options, check: true });
      expect(stale.state).toBe("stale");
      expect(stale.diff).toContain("clients/jobs/index.js");
    }));

  it("writes over nothing that it did not write", () =>
    withProject({ ...SOURCES, "clients/jobs/index.js": "export {};\n" }, async (project) => {
      await expect(project.generate({ standalone: "clients/jobs" })).rejects.toThrow("clients/jobs/index.js was not generated");
    }));
});

describe("A standalone client", () => {
  it.each([
    ["ESM, nodenext", "module", { module: "nodenext" }],
    ["CommonJS, nodenext", "commonjs", { module: "nodenext" }],
    ["bundler", "module", { module: "esnext", moduleResolution: "bundler" }],
  ])(
    "has types written out that hold in a strict application: %s",
    (_, type, options) => {
      write("package.json", JSON.stringify({ name: "app", type }));
      write("tsconfig.json", JSON.stringify({ compilerOptions: { ...options, target: "es2022", strict: true, skipLibCheck: false, types: ["node"], outDir: `out-${type}`, rootDir: "src", exactOptionalPropertyTypes: true }, include: ["src"] })); // prettier-ignore
      node(join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
    },
    60_000,
  );

  it.each(["module", "commonjs"])(
    "enqueues, starts, signals and emits what its schemas let through, from an application of type %s",
    (type) => {
      write("package.json", JSON.stringify({ name: "app", type }));
      write(`run.mjs`, `import { main } from "./out-${type}/producer.js"; console.log(await main());`);
      expect(JSON.parse(node("run.mjs"))).toEqual([
        "mail",
        5,
        '{"to":"ada@example.com","at":"1970-01-01T00:00:00.000Z"}',
        "sent",
        true,
        "undefined",
        "abc",
        "undefined",
        7_200_000,
        0,
      ]);
    },
    30_000,
  );

  it("is made by Nest where a module lists it, though it knows nothing of Nest", () => {
    write("package.json", JSON.stringify({ name: "app", type: "module" }));
    write(
      "nest.mjs",
      `import "reflect-metadata";
import { Injectable, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { memory, StemModule } from "nestjs-stem";
import { StemClient } from "@acme/jobs";
class Root {}
Module({ imports: [StemModule.forRoot({ adapter: memory(), worker: false, clients: [StemClient] })] })(Root);
const app = await NestFactory.createApplicationContext(Root, { logger: false });
const job = await app.get(StemClient).tasks.mail.send.enqueue({ to: "ada@example.com" });
console.log((await job.status()).queue);
await app.close();
`,
    );
    expect(node("nest.mjs").trim()).toBe("mail");
  });

  it("keeps the handlers' own words", () => {
    const { "index.d.ts": text } = standaloneCode(MAIL, DEFINITIONS, () => "Sends one mail.");
    expect(text).toContain("/** Sends one mail. */\n      readonly send: TaskClient<");
    expect(text).toContain("/** Proof. */\nexport type Receipt = {");
  });

  it("goes to the instance of Stem that each task, event and schedule belongs to", () => {
    const { "index.js": text } = standaloneCode(
      { ...MAIL, tasks: { a: { instance: "reports" }, b: {} }, workflows: {}, events: { e: { instance: "audit" } }, schedules: { s: { instance: "reports", queue: "slow" }, t: {} } }, // prettier-ignore
      DEFINITIONS,
      () => undefined,
    );
    expect(text).toContain("static instances = [undefined, 'audit', 'reports'];");
    expect(text).toContain("constructor(stem, stem1, stem2) {");
    expect(text).toContain("a: stem2.task('a', { queue: 'default' }),");
    expect(text).toContain("e: stem1.event('e'),");
    expect(text).toContain("s: stem2.schedule('s', { queue: 'slow' }),");
    expect(text).toContain("t: stem.schedule('t', { queue: 'default' }),");
  });
});
