import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Tree } from "@angular-devkit/schematics";
import { afterAll, describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { CLI, MODULE, run, runner } from "./run.js";

const ROLES = ["task", "workflow", "cron"] as const;
const fixture = (path: string): string => readFileSync(new URL(`./fixtures/generated/${path}`, import.meta.url), "utf8");

describe.each(ROLES)("nest g -c nestjs-stem %s", (role) => {
  const className = `SendMail${role.charAt(0).toUpperCase()}${role.slice(1)}`;

  it("creates a class and its spec in a folder of their own, below the folders of the name, and registers the class", async () => {
    const { tree, created, said } = await run(role, { name: "mail/send-mail" });
    const folder = "/src/mail/send-mail";
    expect(created).toEqual([`${folder}/send-mail.${role}.spec.ts`, `${folder}/send-mail.${role}.ts`]);
    for (const path of created) expect(tree.readText(path)).toBe(fixture(path.slice(folder.length + 1)));
    expect(tree.readText("/src/app.module.ts")).toBe(
      MODULE.replace("[]", `[${className}]`).replace("';\n", `';\nimport { ${className} } from './mail/send-mail/send-mail.${role}.js';\n`),
    );
    expect(said).toBe("");
  });

  it("leaves the suffix out of imports in a CommonJS app", async () => {
    const { tree } = await run(role, { name: "mail/send-mail" }, { packageJson: {} });
    const folder = "/src/mail/send-mail";
    expect(tree.readText(`${folder}/send-mail.${role}.ts`)).toBe(fixture(`send-mail.${role}.ts`));
    expect(tree.readText(`${folder}/send-mail.${role}.spec.ts`)).toBe(
      fixture(`send-mail.${role}.spec.ts`).replace(`.${role}.js'`, `.${role}'`),
    );
    expect(tree.readText("/src/app.module.ts")).toContain(`from './mail/send-mail/send-mail.${role}';`);
  });

  it("creates no folder of its own with --flat", async () => {
    const { tree, created } = await run(role, { name: "send-mail", flat: true });
    expect(created).toEqual([`/src/send-mail.${role}.spec.ts`, `/src/send-mail.${role}.ts`]);
    expect(tree.readText("/src/app.module.ts")).toContain(`from './send-mail.${role}.js';`);
  });

  it("creates no spec with --no-spec, and calls it as told", async () => {
    expect((await run(role, { name: "send-mail", spec: false })).created).toEqual([`/src/send-mail/send-mail.${role}.ts`]);
    expect((await run(role, { name: "send-mail", specFileSuffix: "test" })).created).toContain(`/src/send-mail/send-mail.${role}.test.ts`);
    expect((await run(role, { name: "x", specFileSuffix: role, spec: false })).created).toEqual([`/src/x/x.${role}.ts`]);
  });

  it("touches no module with --skip-import", async () => {
    const { tree, created } = await run(role, { name: "send-mail", skipImport: true });
    expect(created).toHaveLength(2);
    expect(tree.readText("/src/app.module.ts")).toBe(MODULE);
  });
});

describe("nest g -c nestjs-stem event", () => {
  it("creates the event and its spec, and touches no module, as an event is no provider", async () => {
    const { tree, created, said } = await run("event", { name: "orders/order-paid" });
    const folder = "/src/orders/order-paid";
    expect(created).toEqual([`${folder}/order-paid.event.spec.ts`, `${folder}/order-paid.event.ts`]);
    for (const path of created) expect(tree.readText(path)).toBe(fixture(path.slice(folder.length + 1)));
    expect(tree.readText("/src/app.module.ts")).toBe(MODULE);
    expect(said).toBe("");
  });

  it("follows --flat, --no-spec and the module system", async () => {
    const { tree, created } = await run("ev", { name: "orders/order-paid", flat: true }, { packageJson: {} });
    expect(created).toEqual(["/src/orders/order-paid.event.spec.ts", "/src/orders/order-paid.event.ts"]);
    expect(tree.readText(created[0]!)).toContain("from './order-paid.event';");
    expect((await run("event", { name: "paid", spec: false })).created).toEqual(["/src/paid/paid.event.ts"]);
  });

  it("calls the constant otherwise where its name is a word of the language", async () => {
    const { tree } = await run("event", { name: "order/return" });
    expect(tree.readText("/src/order/return/return.event.ts")).toContain("export const returnEvent = defineEvent<Return>('order.return');");
  });
});

describe("the collection", () => {
  it.each([
    ["t", "task"],
    ["wf", "workflow"],
    ["cr", "cron"],
  ])("takes %s for %s", async (alias, role) => {
    expect((await run(alias, { name: "send-mail" })).created).toContain(`/src/send-mail/send-mail.${role}.ts`);
  });

  it("goes by the source root of a project in a monorepo, whose module is not app.module.ts", async () => {
    const { tree, created } = await run(
      "task",
      { name: "send-mail", sourceRoot: "apps/shop/src", project: "shop" },
      { files: { "apps/shop/src/shop.module.ts": MODULE, "apps/api/src/app.module.ts": MODULE } },
    );
    expect(created[0]).toBe("/apps/shop/src/send-mail/send-mail.task.spec.ts");
    expect(tree.readText("/apps/shop/src/shop.module.ts")).toContain("[SendMailTask]");
    expect(tree.readText("/apps/api/src/app.module.ts")).toBe(MODULE);
  });

  it("works from the current folder when that is not the root of the workspace", async () => {
    const { created } = await run("task", { name: "send-mail" }, { files: {}, packageJson: {} });
    expect(created[0]).toBe("/src/send-mail/send-mail.task.spec.ts");
    const tree = Tree.empty();
    tree.create("mail.module.ts", MODULE);
    const { files } = await runner().runSchematic("task", { ...CLI, name: "send-mail" }, tree);
    expect(files).toContain("/send-mail/send-mail.task.ts");
  });

  it("takes a path beside the name", async () => {
    const { created, tree } = await run("task", { name: "send-mail", path: "mail/jobs", flat: true });
    expect(created[1]).toBe("/src/mail/jobs/send-mail.task.ts");
    expect(tree.readText("/src/mail/jobs/send-mail.task.ts")).toContain("@Task('sendMail',");
  });

  it("names the task after the folders given and the name, in dotted camel case", async () => {
    const { tree } = await run("task", { name: "customer-mail/sendWelcome", flat: true });
    const text = tree.readText("/src/customer-mail/send-welcome.task.ts");
    expect(text).toContain("@Task('customerMail.sendWelcome',");
    expect(text).toContain("class SendWelcomeTask");
  });

  it("registers in the nearest module, not in the root one", async () => {
    const { tree } = await run(
      "task",
      { name: "mail/send" },
      { files: { "src/app.module.ts": MODULE, "src/mail/mail.module.ts": MODULE } },
    );
    expect(tree.readText("/src/app.module.ts")).toBe(MODULE);
    expect(tree.readText("/src/mail/mail.module.ts")).toContain("import { SendTask } from './send/send.task.js';");
  });

  it("prefers the module named after its folder, then app.module.ts", async () => {
    const files = {
      "src/mail/a.module.ts": MODULE,
      "src/mail/mail.module.ts": MODULE,
      "src/app.module.ts": MODULE,
      "src/a.module.ts": MODULE,
    };
    const inMail = await run("task", { name: "mail/send" }, { files });
    expect(inMail.tree.readText("/src/mail/mail.module.ts")).toContain("[SendTask]");
    const inRoot = await run("task", { name: "send" }, { files });
    expect(inRoot.tree.readText("/src/app.module.ts")).toContain("[SendTask]");
  });

  it("says what to add by hand when several modules are equally near, when there is none, and when it does not understand the one", async () => {
    const several = await run("task", { name: "send" }, { files: { "src/a.module.ts": MODULE, "src/b.module.ts": MODULE } });
    expect(several.created).toHaveLength(2);
    expect(several.tree.readText("/src/a.module.ts")).toBe(MODULE);
    expect(several.said).toBe(
      "SendTask is in no module yet, as several are equally near (src/a.module.ts, src/b.module.ts). Add to the one it belongs to:\n" +
        "  import { SendTask } from './send/send.task.js';\n  providers: [SendTask]",
    );
    const none = await run("task", { name: "send" }, { files: {} });
    expect(none.created).toHaveLength(2);
    expect(none.said).toBe(
      "SendTask is in no module yet, as there is none above it. Add it to the providers of one:\n  providers: [SendTask]",
    );
    const odd = MODULE.replace("[]", "everything");
    const refused = await run("task", { name: "send" }, { files: { "src/app.module.ts": odd } });
    expect(refused.created).toHaveLength(2);
    expect(refused.tree.readText("/src/app.module.ts")).toBe(odd);
    expect(refused.said).toBe(
      "src/app.module.ts was left as it is, because its providers are not a plain array. Add by hand:\n" +
        "  import { SendTask } from './send/send.task.js';\n  providers: [SendTask]",
    );
  });

  it("writes imports as the module it registers in does, whatever the package's type", async () => {
    const js = MODULE.replace("\n\n", "\nimport { A } from './a.js';\n\n");
    const none = MODULE.replace("\n\n", "\nimport { A } from './a';\n\n");
    const inCjs = await run("cron", { name: "x" }, { files: { "src/app.module.ts": js }, packageJson: {} });
    expect(inCjs.tree.readText("/src/app.module.ts")).toContain("from './x/x.cron.js'");
    const inEsm = await run("cron", { name: "x" }, { files: { "src/app.module.ts": none } });
    expect(inEsm.tree.readText("/src/x/x.cron.spec.ts")).toContain("from './x.cron'");
  });

  it.each([
    [{ name: "2fa" }, 'Name "2fa" makes no class name: give one that begins with a letter, such as send-mail or mail/send-mail.'],
    [{ name: "send", path: "../lib" }, "leads out of the source root: give folders below it, such as mail/send-mail."],
    [{ name: "../send" }, '"../send" leads out of the source root: give folders below it, such as mail/send-mail.'],
    [
      { name: "send", language: "js" },
      'Language "js" is not supported: the decorators of nestjs-stem need TypeScript. Set "language": "ts" in nest-cli.json.',
    ],
    [{}, "required property 'name'"],
  ])("refuses %j and changes nothing", async (options, message) => {
    await expect(run("task", options)).rejects.toThrow(message);
  });

  it("refuses to write over a file", async () => {
    const files = { "src/app.module.ts": MODULE, "src/send/send.task.ts": "// mine" };
    await expect(run("task", { name: "send" }, { files })).rejects.toThrow(
      "src/send/send.task.ts exists already: nothing was changed. Give another name, or delete it first.",
    );
  });

  it("formats with the project's Prettier when asked to", async () => {
    const { tree, said } = await run("task", { name: "send", format: true }, { folder: process.cwd() });
    expect(said).toBe("");
    expect(tree.readText("/src/app.module.ts")).toContain('import { SendTask } from "./send/send.task.js";');
    expect(tree.readText("/src/send/send.task.ts")).toContain('@Task("send", { retry: { attempts: 5 } })');
  });

  it("generates what Prettier would leave as it is, with the settings of a new Nest app", async () => {
    const { format } = await import("prettier");
    for (const role of [...ROLES, "event", "worker-app"]) {
      const { tree, created } = await run(role, { name: role === "worker-app" ? "worker" : "mail/send-mail" });
      for (const path of created.filter((one) => one.endsWith(".ts"))) {
        expect(await format(tree.readText(path), { parser: "typescript", singleQuote: true, trailingComma: "all" })).toBe(
          tree.readText(path),
        );
      }
    }
  });
});

describe("In a project with settings for Prettier", () => {
  const folder = mkdtempSync(join(tmpdir(), "stem-format-"));
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  put("package.json", "{}");
  put(".prettierrc", '{ "singleQuote": true, "trailingComma": "all" }');
  put(".editorconfig", "root = true\n[*.ts]\nindent_style = tab\n");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(new URL("../../node_modules/prettier", import.meta.url).pathname, join(folder, "node_modules/prettier"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const long = "a-task-with-a-name-that-is-so-long-that-the-line-of-the-providers-is";
  const pascal = "ATaskWithANameThatIsSoLongThatTheLineOfTheProvidersIsTask";

  it("what is created is in its form, and what is changed stays in it", async () => {
    const module = MODULE.replace("  providers: [],", "\tproviders: [AppService],");
    put("src/app.module.ts", module);
    for (const role of ROLES)
      for (const name of ["x", long]) {
        const { tree, created, said } = await run(role, { name }, { files: { "src/app.module.ts": module }, folder });
        const { format } = await import("prettier");
        for (const path of [...created, "/src/app.module.ts"])
          expect(await format(tree.readText(path), { parser: "typescript", singleQuote: true, trailingComma: "all", useTabs: true })).toBe(
            tree.readText(path),
          );
        expect(said).toBe("");
      }
    const { tree } = await run("task", { name: long }, { files: { "src/app.module.ts": module }, folder });
    expect(tree.readText("/src/app.module.ts")).toContain(`providers: [\n\t\tAppService,\n\t\t${pascal},\n\t],`);
  });

  it("a changed file that was out of it stays out of it", async () => {
    const module = MODULE.replace("  providers: [],", "providers: [AppService],");
    put("src/app.module.ts", module);
    const { tree } = await run("task", { name: long }, { files: { "src/app.module.ts": module }, folder });
    expect(tree.readText("/src/app.module.ts")).toContain(`\nproviders: [AppService, ${pascal}],\n`);
  });

  it("settings that it cannot read change nothing", async () => {
    put(".prettierrc", "{ nothing");
    const { tree, said } = await run("task", { name: "x" }, { folder });
    expect(tree.readText("/src/app.module.ts")).toContain("  providers: [XTask],");
    expect(said).toBe("");
  });
});

describe("What the schematics write", () => {
  it("waits in every function that is async, as the ESLint of a new Nest app asks (require-await)", () => {
    const idle: string[] = [];
    for (const name of readdirSync(new URL("./fixtures/generated/", import.meta.url))) {
      const source = ts.createSourceFile(name, fixture(name), ts.ScriptTarget.Latest, true);
      const waits = (node: ts.Node): boolean =>
        ts.isAwaitExpression(node) || (ts.forEachChild(node, (child) => !ts.isFunctionLike(child) && waits(child)) ?? false);
      const visit = (node: ts.Node): void => {
        const isAsync =
          ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) === true;
        if (isAsync && ts.isFunctionLike(node) && "body" in node && node.body !== undefined && !waits(node.body as ts.Node))
          idle.push(`${name}: ${node.getText().split("\n")[0]}`);
        ts.forEachChild(node, visit);
      };
      visit(source);
    }
    expect(idle).toEqual([]);
  });
});
