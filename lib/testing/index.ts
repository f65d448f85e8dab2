/**
 * `nestjs-stem/testing`: runs your app's jobs step by step, and has the laws for authors of adapters.
 * It needs no test runner.
 */
export { memory } from "../adapters/memory/index.js";
export type { MemoryOptions } from "../adapters/memory/index.js";
export type { Drained, DrainOptions } from "./drain.js";
export { StemTestKit } from "./kit.js";
export type { DeadJob, EnqueuedJob } from "./kit.js";
export { checkLaw, checkLaws, LawBench, laws } from "./laws/index.js";
export type { Law, LawOutcome, LawStore, LawSubject, LawTransaction } from "./laws/index.js";
export { ManualClock } from "./manual-clock.js";
export { StemTestingModule } from "./testing.module.js";
export type { StemTestingOptions } from "./testing.module.js";
export { useStemTesting } from "./use-stem-testing.js";
export type { OverridableBuilder } from "./use-stem-testing.js";
