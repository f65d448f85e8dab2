import { memory } from "../adapters/memory/index.js";
import { STEM_ENVIRONMENT, type StemEnvironment } from "../nest/environment.js";
import { storeSchedules } from "./fire.js";
import { ManualClock } from "./manual-clock.js";

/** The part of the builder that is used; `Test.createTestingModule` returns it. */
export interface OverridableBuilder<B> {
  overrideProvider(token: unknown): { useValue(value: unknown): B };
}

/**
 * Puts an app that imports `StemModule` on memory and on a clock that stands still.
 * Its modules stay as they are. The configured store is not opened.
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
