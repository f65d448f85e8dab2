import { Module, type DynamicModule } from "@nestjs/common";
import { memory } from "../adapters/memory/index.js";
import { StemModule } from "../nest/module.js";
import type { StemModuleOptions } from "../nest/options.js";
import { getRuntimeToken, type StemRuntime } from "../nest/runtime.js";
import { StemTestKit } from "./kit.js";
import { ManualClock } from "./manual-clock.js";

/** Options of `StemTestingModule.forRoot`. */
export interface StemTestingOptions extends Omit<StemModuleOptions, "adapter" | "clock" | "autoStart" | "isGlobal"> {
  /** The clock, or the moment it begins at. Default: 1 January 2026, 00:00 UTC. */
  readonly clock?: ManualClock | Date | number;
}

/**
 * `StemModule` for tests of your providers: in memory, on a clock that stands still.
 * Nothing runs between two calls of `kit.drain()`.
 *
 * ```ts
 * const imports = [StemTestingModule.forRoot()];
 * const app = await Test.createTestingModule({ imports, providers: [SendMail] }).compile();
 * await app.init();
 * const kit = app.get(StemTestKit);
 * ```
 */
@Module({})
export class StemTestingModule {
  static forRoot({ clock: start, ...options }: StemTestingOptions = {}): DynamicModule {
    const clock = (start instanceof ManualClock ? start : new ManualClock(start)).tellWaits();
    return {
      module: StemTestingModule,
      global: true,
      imports: [StemModule.forRoot({ ...options, adapter: memory({ clock: () => clock.now() }), clock, autoStart: false })],
      providers: [
        {
          provide: StemTestKit,
          useFactory: (runtime: StemRuntime) => new StemTestKit(runtime, clock),
          inject: [getRuntimeToken(options.name)],
        },
      ],
      exports: [StemTestKit],
    };
  }
}
