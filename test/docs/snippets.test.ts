import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));
const app = mkdtempSync(join(tmpdir(), "stem-readme-"));

/** The snippets of a page that begin with a comment naming a file. */
function snippets(page: string): { file: string; code: string }[] {
  const blocks = [...readFileSync(join(root, page), "utf8").matchAll(/```ts\n(\/\/ (src\/\S+)\n[\s\S]*?)```/g)];
  return blocks.map((match) => ({ file: match[2]!, code: match[1]! }));
}

const node = (...args: string[]): string =>
  execFileSync(process.execPath, args, { cwd: app, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1" } });

beforeAll(() => {
  for (const { file, code } of ["README.md", "docs/testing.md", "docs/workflows.md", "docs/transactions.md"].flatMap(snippets)) {
    mkdirSync(dirname(join(app, file)), { recursive: true });
    writeFileSync(join(app, file), code);
  }
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "readme", type: "module" }));
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as { compilerOptions: Record<string, unknown> };
  writeFileSync(
    join(app, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...compilerOptions, paths: {}, noEmit: false, rootDir: "src", outDir: "dist" }, include: ["src"] }),
  );
  mkdirSync(join(app, "node_modules"));
  for (const name of ["@nestjs", "@types", "better-sqlite3", "reflect-metadata", "rxjs"])
    symlinkSync(join(root, "node_modules", name), join(app, "node_modules", name));
  symlinkSync(root, join(app, "node_modules/nestjs-stem"));
});

afterAll(() => rmSync(app, { recursive: true, force: true }));

describe("The snippets of README, docs/testing.md, docs/workflows.md and docs/transactions.md", () => {
  it("generate a client, compile, and do what they say", () => {
    writeFileSync(
      join(app, "src/main.ts"),
      `import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { Module } from "@nestjs/common";
import { AppModule } from "./app.module.js";
import { Checkout } from "./checkout.js";
import { Album, Gallery, Resize } from "./gallery.js";
@Module({ imports: [AppModule], providers: [Resize, Album, Gallery] })
class Root {}
const app = await NestFactory.createApplicationContext(Root, { logger: ["error", "warn"] });
console.log(JSON.stringify([await app.get(Checkout).buy({ id: "A-1", cents: 5 }), await app.get(Gallery).publish("cat.png")]));
await app.close();
`,
    );
    node(join(root, "dist/lib/cli/main.js"), "generate");
    node(join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
    const printed = node("dist/main.js").trim().split("\n").at(-1);
    expect(JSON.parse(printed!)).toEqual(["Order A-1 sent to ada@example.com", "cat.png-160 cat.png-480 cat.png-960"]);
  }, 90_000);

  it("test handlers on a clock that stands still", () => {
    expect(snippets("docs/testing.md").map(({ file }) => file)).toEqual(["src/mail.spec.ts"]);
    node(join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
    node("dist/mail.spec.js");
  }, 90_000);

  it("take a workflow through its waits", () => {
    expect(snippets("docs/workflows.md").map(({ file }) => file)).toEqual(["src/fulfil.ts", "src/fulfil.spec.ts"]);
    node(join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
    node("dist/fulfil.spec.js");
  }, 90_000);

  it("store an order and its job together, or neither", () => {
    writeFileSync(
      join(app, "src/orders-main.ts"),
      `import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import Database from "better-sqlite3";
import { InjectStem, Stem, StemModule } from "nestjs-stem";
import { sqlite } from "nestjs-stem/sqlite";
import { placeOrder, ShipOrder } from "./place-order.js";
@Module({ imports: [StemModule.forRoot({ adapter: sqlite("orders.db") })], providers: [ShipOrder] })
class Root {
  constructor(@InjectStem() readonly stem: Stem) {}
}
const app = await NestFactory.createApplicationContext(Root, { logger: ["error", "warn"] });
const { stem } = app.get(Root);
const db = new Database("orders.db");
db.exec("CREATE TABLE orders (id TEXT PRIMARY KEY)");
await placeOrder(db, stem, "A-1");
const refused = await placeOrder(db, stem, "A-1").then(() => "", (error: { code: string }) => error.code);
const shipped = await stem.task("orders.ship").handle("ship-A-1").result();
console.log(JSON.stringify([shipped, refused, db.prepare("SELECT count(*) AS n FROM orders").get()]));
db.close();
await app.close();
`,
    );
    node(join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
    const printed = node("dist/orders-main.js").trim().split("\n").at(-1);
    expect(JSON.parse(printed!)).toEqual(["A-1 is on its way", "SQLITE_CONSTRAINT_PRIMARYKEY", { n: 1 }]);
  }, 90_000);

  it("name every command that the command line has", () => {
    const help = node(join(root, "dist/lib/cli/main.js"), "--help");
    for (const [, command] of help.matchAll(/^ {2}([a-z]+) /gm))
      if (command !== "help") expect(readFileSync(join(root, "README.md"), "utf8")).toContain(`stem ${command}`);
  });
});
