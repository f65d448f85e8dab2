import { memory } from "../adapters/memory/index.js";
import { STEM_ENVIRONMENT, type StemEnvironment } from "../nest/environment.js";
import { storeSchedules } from "./fire.js";
import { ManualClock } from "./manual-clock.js";

/** What is needed of the builder that `Test.createTestingModule` returns. */
export interface OverridableBuilder<B> {
  overrideProvider(token: unknown): { useValue(value: unknown): B };
}

/**
 * Puts an app that imports `StemModule` with a store of its own on memory and on a clock that stands still,
 * without a change to its modules. The configured store is not opened.
 *
 * ```ts
 * const app = await useStemTesting(Test.createTestingModule({ imports: [AppModule] })).compile();
 * await app.init();
 * const kit = StemTestKit.of(app);
 * ```
 */
export function useStemTesting<B extends OverridableBuilder<B>>(
  builder: B,
  options: { readonly clock?: ManualClock | Date | number } = {},
): B {
  const clock = (options.clock instanceof ManualClock ? options.clock : new ManualClock(options.clock)).tellWaits();
  const environment: StemEnvironment = {
    role: undefined,
    clock,
    autoStart: false,
    opened: storeSchedules,
    adapterFor: () => memory({ clock: () => clock.now() }),
  };
  return builder.overrideProvider(STEM_ENVIRONMENT).useValue(environment);
}
