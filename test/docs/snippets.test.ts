import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { SnippetApp, snippets } from "./snippet-app.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
let app: SnippetApp;

beforeAll(() => {
  app = new SnippetApp(["README.md", "docs/testing.md", "docs/workflows.md", "docs/transactions.md"]);
});

afterAll(() => app.remove());

describe("The snippets of README, docs/testing.md, docs/workflows.md and docs/transactions.md", () => {
  it("generate a client, compile, and do what they say", () => {
    app.write(
      "src/main.ts",
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
    app.generate();
    app.compile();
    expect(app.answer("dist/main.js")).toEqual(["Order A-1 sent to ada@example.com", "cat.png-160 cat.png-480 cat.png-960"]);
  });

  it("test handlers on a clock that stands still", () => {
    expect(snippets("docs/testing.md").map(({ file }) => file)).toEqual(["src/mail.spec.ts"]);
    app.compile();
    app.node("dist/mail.spec.js");
  });

  it("take a workflow through its waits", () => {
    expect(snippets("docs/workflows.md").map(({ file }) => file)).toEqual(["src/fulfil.ts", "src/fulfil.spec.ts"]);
    app.compile();
    app.node("dist/fulfil.spec.js");
  });

  it("store an order and its job together, or neither", () => {
    app.write(
      "src/orders-main.ts",
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
    app.compile();
    expect(app.answer("dist/orders-main.js")).toEqual(["A-1 is on its way", "SQLITE_CONSTRAINT_PRIMARYKEY", { n: 1 }]);
  });

  it("name every command that the command line has", () => {
    const help = app.node(join(root, "dist/lib/cli/main.js"), "--help");
    for (const [, command] of help.matchAll(/^ {2}([a-z]+) /gm))
      if (command !== "help") expect(readFileSync(join(root, "README.md"), "utf8")).toContain(`stem ${command}`);
  });
});
