import { Module, type DynamicModule, type FactoryProvider, type ModuleMetadata, type Provider, type Type } from "@nestjs/common";
import { OptionError } from "../contract/errors.js";
import { StemCoreModule } from "./core.module.js";
import { STEM_ENVIRONMENT, type StemEnvironment } from "./environment.js";
import { StemExplorer } from "./explore/explorer.js";
import type { StemModuleExtras, StemModuleOptions, StemOptions, StemOptionsFactory } from "./options.js";
import { definitionsOf, providersOf } from "./definitions.js";
import { getRuntimeToken, StemRuntime } from "./runtime.js";
import { getOptionsToken, getStemToken } from "./tokens.js";

/** Options of `StemModule.forRootAsync`: the fixed ones, and exactly one way to get the others. */
export type StemModuleAsyncOptions = StemModuleExtras & Pick<ModuleMetadata, "imports"> & OptionsSource;

type OptionsSource =
  /** A function of the providers in `inject`. */
  | {
      readonly useFactory: (...injected: never[]) => StemOptions | Promise<StemOptions>;
      readonly inject?: FactoryProvider["inject"];
      readonly useClass?: never;
      readonly useExisting?: never;
    }
  /** A class that is made for this alone. */
  | { readonly useClass: Type<StemOptionsFactory>; readonly useFactory?: never; readonly useExisting?: never; readonly inject?: never }
  /** A provider of one of the `imports`. */
  | { readonly useExisting: Type<StemOptionsFactory>; readonly useFactory?: never; readonly useClass?: never; readonly inject?: never };

/** Brings `Stem` into an app. Import it once, in the root module; it is global by default. */
@Module({})
export class StemModule {
  /**
   * ```ts
   * StemModule.forRoot({ adapter: sqlite("stem.db"), worker: { concurrency: 50 } })
   * ```
   */
  static forRoot(options: StemModuleOptions): DynamicModule {
    return assemble(options ?? {}, [{ provide: getOptionsToken(options?.name), useValue: options ?? {} }]);
  }

  /**
   * The same with options that are made from other providers.
   * `name`, `clients` and `isGlobal` decide which providers exist, so they stand outside the factory.
   *
   * ```ts
   * StemModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ adapter: sqlite(config.getOrThrow("STEM_DB")) }),
   * })
   * ```
   *
   * @throws {OptionError} `STEM_OPTION_INVALID`: not exactly one of `useFactory`, `useClass`, `useExisting`
   */
  static forRootAsync(options: StemModuleAsyncOptions): DynamicModule {
    const given = options ?? {};
    return assemble(given, optionProviders(given), given.imports);
  }
}

function optionProviders(options: StemModuleAsyncOptions): Provider[] {
  const { useFactory, useClass, useExisting, inject = [] } = options;
  const provide = getOptionsToken(options.name);
  const given = [useFactory, useClass, useExisting].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `StemModule.forRootAsync got ${given.length === 0 ? "none" : "more than one"} of useFactory, useClass and useExisting.`,
      "Give exactly one: useFactory: () => ({ adapter: … }), or a class with createStemOptions().",
    );
  }
  if (useFactory !== undefined) return [{ provide, useFactory, inject: [...inject] }];
  const factory = (useClass ?? useExisting)!;
  return [
    ...(useClass === undefined ? [] : [useClass]),
    { provide, useFactory: (made: StemOptionsFactory) => made.createStemOptions(), inject: [factory] },
  ];
}

function assemble(
  { name, clients = [], isGlobal = true }: StemModuleExtras,
  options: Provider[],
  imports: ModuleMetadata["imports"] = [],
): DynamicModule {
  const runtime = getRuntimeToken(name);
  const stem = getStemToken(name);
  return {
    module: StemModule,
    global: isGlobal,
    imports: [StemCoreModule, ...imports],
    providers: [
      ...options,
      {
        provide: runtime,
        useFactory: (given: StemOptions, environment: StemEnvironment, explorer: StemExplorer) =>
          new StemRuntime(name, given, environment, () => explorer.boot(), definitionsOf(clients)),
        inject: [getOptionsToken(name), STEM_ENVIRONMENT, StemExplorer],
      },
      { provide: stem, useFactory: (made: StemRuntime) => made.stem, inject: [runtime] },
      ...providersOf(clients),
    ],
    exports: [runtime, stem, ...clients],
  };
}
