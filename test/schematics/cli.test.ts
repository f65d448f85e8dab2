import { afterAll, describe, expect, it, jest } from "@jest/globals";
import { tempApp } from "./app.js";

jest.setTimeout(120_000);

const NEST = "@nestjs/cli/bin/nest.js";

describe("the Nest CLI", () => {
  const esm = tempApp("module");
  const cjs = tempApp("commonjs");
  afterAll(() => {
    esm.remove();
    cjs.remove();
  });

  it("adds Stem to an app by its flags, and a dry run changes nothing", () => {
    for (const app of [esm, cjs]) {
      const before = app.read("src/app.module.ts");
      const dry = app.node(NEST, "add", "nestjs-stem", "--skip-install", "--dry-run", "--store=memory");
      expect(dry.output).toContain("UPDATE src/app.module.ts");
      expect([app.read("src/app.module.ts"), app.files().filter((path) => path.startsWith("stem"))]).toEqual([before, []]);
      expect(app.node(NEST, "add", "nestjs-stem", "--skip-install", "--store=memory").output).toContain("CREATE src/stem/stem.gen.ts");
      expect(app.read("src/app.module.ts")).toContain("adapter: memory(),");
      expect(app.node(NEST, "add", "nestjs-stem", "--skip-install", "--store=memory").output).not.toMatch(/CREATE|UPDATE/);
    }
  });

  it("generates and registers a task, a workflow and a cron provider in an ESM app", () => {
    expect(esm.node(NEST, "g", "-c", "nestjs-stem", "task", "mail/send-mail").output).toContain(
      "CREATE src/mail/send-mail/send-mail.task.ts",
    );
    expect(esm.node(NEST, "g", "-c", "nestjs-stem", "wf", "processOrder").output).toContain("UPDATE src/app.module.ts");
    esm.node(NEST, "g", "-c", "nestjs-stem", "cron", "clean-up", "--flat");
    expect(esm.node(NEST, "g", "-c", "nestjs-stem", "event", "orders/paid").output).toContain("CREATE src/orders/paid/paid.event.ts");
    expect(esm.node(NEST, "g", "-c", "nestjs-stem", "worker-app").output).toContain("CREATE src/worker.ts");
    expect(esm.files().filter((path) => /\.(task|workflow|cron|event)\.|worker/.test(path))).toEqual([
      "clean-up.cron.spec.ts",
      "clean-up.cron.ts",
      "mail/send-mail/send-mail.task.spec.ts",
      "mail/send-mail/send-mail.task.ts",
      "orders/paid/paid.event.spec.ts",
      "orders/paid/paid.event.ts",
      "process-order/process-order.workflow.spec.ts",
      "process-order/process-order.workflow.ts",
      "worker.spec.ts",
      "worker.ts",
    ]);
    expect(esm.read("src/app.module.ts")).toBe(
      [
        "import { Module } from '@nestjs/common';",
        "import { AppService } from './app.service.js';",
        "import { memory, StemModule } from 'nestjs-stem';",
        "import { StemClient } from './stem/stem.gen.js';",
        "import { SendMailTask } from './mail/send-mail/send-mail.task.js';",
        "import { ProcessOrderWorkflow } from './process-order/process-order.workflow.js';",
        "import { CleanUpCron } from './clean-up.cron.js';",
        "",
        "@Module({",
        "  imports: [",
        "    StemModule.forRoot({",
        "      adapter: memory(),",
        "      clients: [StemClient],",
        "    }),",
        "  ],",
        "  controllers: [],",
        "  providers: [AppService, SendMailTask, ProcessOrderWorkflow, CleanUpCron],",
        "})",
        "export class AppModule {}",
        "",
      ].join("\n"),
    );
  });

  it("generates them in a CommonJS app, whose imports have no suffix", () => {
    for (const role of ["task", "workflow", "cron", "event", "worker-app"]) cjs.node(NEST, "g", "-c", "nestjs-stem", role, "send-mail");
    expect(cjs.read("src/app.module.ts")).toContain("import { SendMailCron } from './send-mail/send-mail.cron';");
    expect(cjs.read("src/app.module.ts")).toContain("providers: [AppService, SendMailTask, SendMailWorkflow, SendMailCron],");
    expect(cjs.read("src/send-mail/send-mail.task.spec.ts")).toContain("from './send-mail.task';");
  });

  it("tells the person what to add to a module it leaves alone", () => {
    cjs.write(
      "src/odd/odd.module.ts",
      "import { Module } from '@nestjs/common';\n\nexport const all = [];\n@Module({ providers: all })\nexport class OddModule {}\n",
    );
    const { output } = cjs.node(NEST, "g", "-c", "nestjs-stem", "cron", "odd/late", "--no-spec");
    expect(output).toContain("CREATE src/odd/late/late.cron.ts");
    expect(output).toContain("src/odd/odd.module.ts was left as it is, because its providers are not a plain array. Add by hand:");
    expect(output).toContain("import { LateCron } from './late/late.cron';");
    expect(cjs.files()).not.toContain("odd/late/late.cron.spec.ts");
  });

  it("has generated what compiles against the built package", () => {
    for (const app of [esm, cjs]) expect(app.node("typescript/bin/tsc", "--noEmit")).toEqual({ status: 0, output: "" });
  });

  it("has generated specs that pass", () => {
    const { status, output } = esm.node("jest/bin/jest.js");
    expect({ status, output: status === 0 ? "" : output }).toEqual({ status: 0, output: "" });
    expect(output).toContain("5 passed, 5 total");
  });
});
