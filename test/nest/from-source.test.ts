import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import * as common from "@nestjs/common";
import { Test } from "@nestjs/testing";
import { transformSync } from "@swc/core";
import * as stem from "../../lib/index.js";
import { StemTestingModule, StemTestKit } from "../../lib/testing/index.js";
import { GENERATED, type TestProject, withProject } from "../codegen/project.js";
import { appOf, silent } from "./apps.js";

const SOURCE = `import { Step, Task, Workflow, type WorkflowContext } from "nestjs-stem";

export interface Node { at: Date; weight: bigint; below: Map<string, Node> }

export interface Order {
  placed: Date;
  /** @minimum 1 */
  qty: number;
  tags: Set<"new" | "old">;
  raw: Uint8Array;
  tree: Node;
  pay: { by: "card"; last4: string } | { by: "later"; due: Date };
}

@Task("order.book", { queue: "orders" })
export class Book {
  async run(order: Order, _ctx?: unknown): Promise<Map<string, bigint>> {
    return new Map([[order.pay.by, order.tree.weight]]);
  }
}

@Task("sum")
export class Sum {
  run(all: Map<string, bigint>): bigint {
    return [...all.values()].reduce((sum, one) => sum + one, 0n);
  }
}

@Task("maybe")
export class Maybe {
  run(since?: Date): string {
    return since === undefined ? "never" : since.toISOString();
  }
}

@Workflow("order.process")
export class Process {
  async run(order: Order, ctx: WorkflowContext): Promise<{ due: Date; placed: Date }> {
    const due = await this.due(order);
    await ctx.sleep("a while", "1h");
    return { due, placed: order.placed };
  }

  @Step()
  async due(order: Order): Promise<Date> {
    return new Date(order.placed.getTime() + 1_000);
  }
}
`;

/** What a module of a project exports, compiled as an app's build would and run on the library under test. */
function load(project: TestProject, file: string, loaded = new Map<string, Record<string, unknown>>()): ReturnType<typeof JSON.parse> {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const exports = {};
  loaded.set(file, exports);
  const { code } = transformSync(project.text(file), {
    jsc: {
      target: "es2022",
      parser: { syntax: "typescript", decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: "commonjs" },
  });
  const require = (name: string): unknown => {
    if (name === "nestjs-stem") return stem;
    if (name === "@nestjs/common") return common;
    if (name.startsWith(".")) return load(project, join(dirname(file), name).replace(/\.js$/, ".ts"), loaded);
    return createRequire(import.meta.url)(name);
  };
  new Function("exports", "require", code)(exports, require);
  return exports;
}

describe("From the source of handlers to a job that runs", () => {
  it("payloads, results, canvases and workflows are checked and revived by the generated client alone", async () => {
    await withProject({ "src/orders.ts": SOURCE }, async (project) => {
      expect((await project.generate()).diagnostics).toEqual([]);
      const { Book, Sum, Maybe, Process } = load(project, "src/orders.ts");
      const { StemClient } = load(project, GENERATED);
      const app = await Test.createTestingModule({
        imports: [StemTestingModule.forRoot({ clients: [StemClient] })],
        providers: [Book, Sum, Maybe, Process],
      })
        .setLogger(silent)
        .compile();
      await app.init();
      const kit = app.get(StemTestKit);
      const client = app.get(StemClient, { strict: false });
      const leaf = { at: new Date(1), weight: 2n, below: new Map() };
      const order = {
        placed: new Date(5),
        qty: 1,
        tags: new Set(["new"]),
        raw: Buffer.from([1, 2]),
        tree: { at: new Date(2), weight: 10n ** 20n, below: new Map([["a", leaf]]) },
        pay: { by: "later", due: new Date(9) },
      };
      const booked = await client.tasks.order.book.enqueue(order);
      expect((await kit.enqueued("order.book"))[0]!.payload).toEqual(order);
      const chained = await kit.stem.chain(client.tasks.order.book.signature(order), client.tasks.sum.signature());
      const maybe = [await client.tasks.maybe.enqueue(), await client.tasks.maybe.enqueue(new Date(3))];
      const run = await client.workflows.order.process.start(order);
      await kit.drain();
      expect(await booked.result()).toEqual(new Map([["later", 10n ** 20n]]));
      expect(await chained.result()).toBe(10n ** 20n);
      expect(await Promise.all(maybe.map((job) => job.result()))).toEqual(["never", "1970-01-01T00:00:00.003Z"]);
      await kit.drainThrough("1h");
      expect(await run.result()).toEqual({ due: new Date(1_005), placed: order.placed });
      const wrong = {
        ...order,
        qty: 0,
        tags: new Set(["used"]),
        tree: { ...order.tree, below: new Map([["a", { ...leaf, weight: 2 }]]) },
        pay: { by: "later" },
      };
      await expect(client.tasks.order.book.enqueue(wrong)).rejects.toMatchObject({
        issues: [
          { path: "payload.pay.due", message: "expected a Date, got nothing" },
          { path: "payload.qty", message: "expected a number ≥ 1, got 0" },
          { path: "payload.tags[0]", message: 'expected "new" or "old", got "used"' },
          { path: 'payload.tree.below.get("a").weight', message: "expected a bigint, got 2" },
        ],
      });
      await app.close();
    });
  });

  it("the generator and the start of the app count the same, in the same words: a method that is only scheduled is no task", async () => {
    const source = `import { Cron, Task, Workflow } from "nestjs-stem";
@Task("a") export class A { run(): void {} }
@Task("both") @Cron("0 9 * * *", { name: "nine" }) export class Both { run(): void {} }
@Workflow("w") export class W { run(): void {} }
export class Plain {
  @Cron("0 0 * * *") nightly(): void {}
  @Cron("0 1 * * *", { name: "one" }) @Cron("0 2 * * *", { name: "two" }) twice(): void {}
}
`;
    await withProject({ "src/all.ts": source }, async (project) => {
      const cli = fileURLToPath(new URL("../../dist/lib/cli/main.js", import.meta.url));
      const said = execFileSync(process.execPath, [cli, "generate", "--project", join(project.folder, "tsconfig.json")], {
        encoding: "utf8",
      });
      const { A, Both, W, Plain } = load(project, "src/all.ts");
      const { StemClient } = load(project, GENERATED);
      const told: string[] = [];
      const hear = (line: unknown): void => void told.push(String(line));
      const app = await appOf(
        { imports: [stem.StemModule.forRoot({ adapter: stem.memory(), clients: [StemClient] })], providers: [A, Both, W, Plain] },
        (made) =>
          made
            .overrideProvider("nestjs-stem:environment")
            .useValue({ role: undefined, production: false })
            .setLogger({ log: hear, warn: hear, error: hear }),
      );
      const counted = "2 tasks, 1 workflow and 4 schedules";
      expect(said).toContain(`: ${counted} (`);
      expect(told).toContain(`${counted} on memory`);
      expect(told.join()).not.toContain("STEM_CLIENT_STALE");
      await app.close();
    });
  });
});
