import { describe, expect, it } from "@jest/globals";
import { registerProvider } from "../../schematics/source/register.js";

const HEAD = "import { Module } from '@nestjs/common';\nimport { A } from './a';\n";
const IMPORT = "import { SendTask } from './mail/send.task';\n";

const register = (source: string) => registerProvider(source, "SendTask", "./mail/send.task");

/** What becomes of a module with this metadata, below its imports. */
function after(metadata: string): string {
  const result = register(`${HEAD}\n@Module(${metadata})\nexport class AppModule {}\n`);
  if ("refused" in result) return `refused: ${result.refused}`;
  expect(result.source.startsWith(`${HEAD}${IMPORT}\n@Module(`)).toBe(true);
  expect(result.source.endsWith(")\nexport class AppModule {}\n")).toBe(true);
  return result.source.slice(`${HEAD}${IMPORT}\n@Module(`.length, -")\nexport class AppModule {}\n".length);
}

describe("registering a provider", () => {
  it.each([
    ["an array on one line", "{ providers: [A] }", "{ providers: [A, SendTask] }"],
    ["a trailing comma on one line", "{ providers: [A,] }", "{ providers: [A, SendTask,] }"],
    ["an empty array", "{\n  providers: [],\n}", "{\n  providers: [SendTask],\n}"],
    ["an empty array over two lines", "{\n  providers: [\n  ],\n}", "{\n  providers: [SendTask],\n}"],
    [
      "a line each, with trailing comma",
      "{\n  providers: [\n    A,\n    B,\n  ],\n}",
      "{\n  providers: [\n    A,\n    B,\n    SendTask,\n  ],\n}",
    ],
    ["a line each, without", "{\n  providers: [\n    A,\n    B\n  ]\n}", "{\n  providers: [\n    A,\n    B,\n    SendTask\n  ]\n}"],
    [
      "a comment behind the last item",
      "{\n  providers: [\n    A, // first, see ]\n    B, /* last */ // really\n  ],\n}",
      "{\n  providers: [\n    A, // first, see ]\n    B, /* last */ // really\n    SendTask,\n  ],\n}",
    ],
    [
      "a comment behind a last item without comma",
      "{\n  providers: [\n    A // one\n  ]\n}",
      "{\n  providers: [\n    A, // one\n    SendTask\n  ]\n}",
    ],
    [
      "a comment that runs on to the next line",
      "{\n  providers: [\n    A, /* a\n    b */\n  ],\n}",
      "{\n  providers: [\n    A, /* a\n    b */\n    SendTask,\n  ],\n}",
    ],
    ["the closing bracket behind the last item", "{ providers: [\n  A,\n  B] }", "{ providers: [\n  A,\n  B,\n  SendTask] }"],
    ["a spread in the array", "{ providers: [...common, A] }", "{ providers: [...common, A, SendTask] }"],
    [
      "custom providers",
      "{\n  providers: [\n    {\n      provide: 'X',\n      useFactory: (a: A) => [a, `}${[a, '`'].join(']')}`],\n      inject: [A],\n    },\n  ],\n}",
      "{\n  providers: [\n    {\n      provide: 'X',\n      useFactory: (a: A) => [a, `}${[a, '`'].join(']')}`],\n      inject: [A],\n    },\n    SendTask,\n  ],\n}",
    ],
    [
      "an object that begins on the bracket's line",
      "{\n  providers: [{\n    provide: 'X',\n    useValue: 1,\n  }],\n}",
      "{\n  providers: [{\n    provide: 'X',\n    useValue: 1,\n  }, SendTask],\n}",
    ],
    [
      "brackets in strings and regular expressions",
      "{ providers: [{ provide: 'p]', useValue: /[/\\]'](}/g }] }",
      "{ providers: [{ provide: 'p]', useValue: /[/\\]'](}/g }, SendTask] }",
    ],
    [
      "division",
      "{ providers: [{ provide: X, useValue: a / b / (c) / 2 }] }",
      "{ providers: [{ provide: X, useValue: a / b / (c) / 2 }, SendTask] }",
    ],
    ["a quoted key", "{ 'providers': [A] }", "{ 'providers': [A, SendTask] }"],
    ["a comment before the colon", "{ providers /* all */ : [A] }", "{ providers /* all */ : [A, SendTask] }"],
    ["`as const` behind the array", "{ providers: [A] as const }", "{ providers: [A, SendTask] as const }"],
    [
      "`satisfies` behind the object",
      "{ providers: [A] } satisfies ModuleMetadata",
      "{ providers: [A, SendTask] } satisfies ModuleMetadata",
    ],
    ["a spread beside written providers", "{ ...shared, providers: [A] }", "{ ...shared, providers: [A, SendTask] }"],
    ["no metadata yet", "{}", "{\n  providers: [SendTask],\n}"],
    ["no providers, a line each", "{\n  imports: [A],\n}", "{\n  imports: [A],\n  providers: [SendTask],\n}"],
    ["no providers, no trailing comma", "{\n    imports: [A]\n}", "{\n    imports: [A],\n    providers: [SendTask]\n}"],
    ["no providers, on one line", "{ imports: [A] }", "{ imports: [A], providers: [SendTask] }"],
    ["a comment in an empty array", "{ providers: [/* none */] }", "{ providers: [/* none */ SendTask] }"],
    [
      "a line comment in an empty array",
      "{\n  providers: [\n    // none yet\n  ],\n}",
      "{\n  providers: [\n    // none yet\n    SendTask,\n  ],\n}",
    ],
    [
      "a commented-out providers line",
      "{\n  // providers: [B],\n  imports: [A],\n}",
      "{\n  // providers: [B],\n  imports: [A],\n  providers: [SendTask],\n}",
    ],
    [
      "providers of a nested module",
      "{\n  imports: [X.forRoot({ providers: [A] })],\n}",
      "{\n  imports: [X.forRoot({ providers: [A] })],\n  providers: [SendTask],\n}",
    ],
    ["a comma behind the metadata", "{ providers: [A] },", "{ providers: [A, SendTask] },"],
  ])("understands %s", (_, metadata, expected) => {
    expect(after(metadata)).toBe(expected);
  });

  it.each([
    ["providers in a variable", "{ providers: all }", "its providers are not a plain array"],
    ["shorthand providers", "{ imports: [A], providers }", "its providers are not a plain array"],
    ["providers that are computed", "{ providers: [A].concat(B) }", "its providers are not a plain array"],
    ["providers by condition", "{ providers: test ? [A] : [] }", "its providers are not a plain array"],
    ["providers written twice", "{ providers: [A], 'providers': [B] }", "its providers are not a plain array"],
    ["a computed key", "{ ['pro' + 'viders']: [A] }", "its providers are not a plain array"],
    ["a hole", "{ providers: [A, , B] }", "its providers are not a plain array"],
    ["a spread that may hold providers", "{ ...shared, imports: [A] }", "what it spreads into @Module() may hold the providers"],
    ["metadata in a variable", "metadata", "its @Module() is not given a plain object"],
    ["metadata that is computed", "{ providers: [] }.x", "its @Module() is not given a plain object"],
    ["no metadata", "", "its @Module() does not hold one object"],
    ["brackets that do not match", "{ providers: [A }", "its @Module() does not hold one object"],
    ["a string that does not end", "{ providers: ['A] }", "a string, comment or bracket in it is left open"],
    ["a comment where the provider belongs", "{ providers: [\n // a\n /* b */ ] }", "a comment stands where the provider belongs"],
    ["the class already there", "{ providers: [SendTask] }", "it mentions SendTask already"],
  ])("leaves alone %s", (_, metadata, refused) => {
    expect(after(metadata)).toBe(`refused: ${refused}`);
  });

  it("leaves a file with several modules, or none, alone", () => {
    expect(register(`${HEAD}@Module({})\nclass A {}\n@Module({})\nclass B {}\n`)).toEqual({ refused: "it holds several modules" });
    expect(register(`${HEAD}// @Module({})\nconst text = "@Module({})";\n`)).toEqual({ refused: "it has no @Module()" });
  });

  it("leaves a file without imports alone, as it tells no place for one", () => {
    expect(register("@Module({})\nclass A {}\n")).toEqual({ refused: "it has no import that tells where one more belongs" });
  });

  it.each([
    ["double quotes and no semicolons", 'import { Module } from "@nestjs/common"\n', 'import { SendTask } from "./mail/send.task"'],
    ["an import over several lines", "import {\n  Module,\n} from '@nestjs/common';\n", "import { SendTask } from './mail/send.task';"],
    [
      "an import for its effect",
      "import { Module } from '@nestjs/common';\nimport './env';\n",
      "import { SendTask } from './mail/send.task';",
    ],
    [
      "import attributes",
      "import { Module } from '@nestjs/common';\nimport c from './c.json' with { type: 'json' };\n",
      "import { SendTask } from './mail/send.task';",
    ],
    [
      "names in quotes",
      "import { Module } from '@nestjs/common';\nimport { 'a b' as c } from './c';\n",
      "import { SendTask } from './mail/send.task';",
    ],
    [
      "import = require",
      "import { Module } from '@nestjs/common';\nimport c = require('./c');\n",
      "import { SendTask } from './mail/send.task';",
    ],
    [
      "a comment behind the import",
      "import { Module } from '@nestjs/common'; // from 'nest'\n",
      "import { SendTask } from './mail/send.task';",
    ],
    ["a byte order mark", "\uFEFFimport { Module } from '@nestjs/common';\n", "import { SendTask } from './mail/send.task';"],
  ])("adds its import below %s", (_, head, line) => {
    const tail = "\nconst later = import('./later');\n/*\nimport x from 'y';\n*/\n@Module({ providers: [] })\nexport class M {}\n";
    expect(register(head + tail)).toEqual({ source: `${head}${line}\n${tail.replace("[]", "[SendTask]")}` });
  });

  it("keeps Windows line ends", () => {
    const source = `${HEAD}@Module({\n  providers: [\n    A, // one\n  ],\n})\nexport class M {}\n`;
    const expected = `${HEAD}${IMPORT}@Module({\n  providers: [\n    A, // one\n    SendTask,\n  ],\n})\nexport class M {}\n`;
    expect(register(source.replaceAll("\n", "\r\n"))).toEqual({ source: expected.replaceAll("\n", "\r\n") });
  });
});
