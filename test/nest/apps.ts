import { afterEach } from "@jest/globals";
import type { INestApplicationContext, ModuleMetadata } from "@nestjs/common";
import { Test, type TestingModule, type TestingModuleBuilder } from "@nestjs/testing";
import { memory } from "../../lib/adapters/memory/index.js";
import { StemBootError } from "../../lib/nest/boot-error.js";
import { StemModule } from "../../lib/nest/module.js";
import type { StemModuleOptions } from "../../lib/nest/options.js";

export const silent = { log() {}, warn() {}, error() {}, debug() {}, verbose() {}, fatal() {} };

const open: INestApplicationContext[] = [];

/** Closes at the end of the test what it opened. */
export function closeAfterEach(): void {
  afterEach(async () => {
    for (const app of open.splice(0)) await app.close();
  });
}

type Change = (made: TestingModuleBuilder) => TestingModuleBuilder;

/** An app of these parts, made and initialised. @param change what is to be other than usual */
export async function appOf(metadata: ModuleMetadata, change?: Change): Promise<TestingModule> {
  const app = await compiled(metadata, change);
  try {
    return await app.init();
  } catch (error) {
    open.splice(open.indexOf(app), 1);
    // Nest 11 answers with the error of `init` once more; Nest 12 runs the hooks.
    await app.close().catch(() => {});
    throw error;
  }
}

/** The same, made but not initialised. */
export async function compiled(metadata: ModuleMetadata, change: Change = (made) => made): Promise<TestingModule> {
  const app = await change(Test.createTestingModule(metadata).setLogger(silent)).compile();
  open.push(app);
  return app;
}

/** `StemModule` on memory. */
export function stemOn(options: Partial<StemModuleOptions> = {}) {
  return StemModule.forRoot({ adapter: memory(), ...options });
}

/** What is wrong with an app: code and message of each problem. Fails if it starts. */
export async function problemsOf(metadata: ModuleMetadata): Promise<readonly { readonly code: string; readonly message: string }[]> {
  try {
    await appOf(metadata);
  } catch (error) {
    if (error instanceof StemBootError) return error.problems;
    throw error;
  }
  throw new Error("The app started");
}

/** A promise that is settled from outside. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
