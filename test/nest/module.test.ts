import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { Injectable, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { memory } from "../../lib/adapters/memory/index.js";
import type { Adapter } from "../../lib/contract/adapter.js";
import { Stem } from "../../lib/core/client/stem.js";
import { InjectStem } from "../../lib/nest/decorators/inject-stem.js";
import { Task } from "../../lib/nest/decorators/task.js";
import { StemModule } from "../../lib/nest/module.js";
import type { StemOptions, StemOptionsFactory } from "../../lib/nest/options.js";
import { getRuntimeToken, StemRuntime } from "../../lib/nest/runtime.js";
import { getStemToken } from "../../lib/nest/tokens.js";
import { StemTestingModule } from "../../lib/testing/index.js";
import { appOf, closeAfterEach, compiled, stemOn } from "./apps.js";

closeAfterEach();

@Task()
class Double {
  run(n: number): number {
    return 2 * n;
  }
}

@Task({ instance: "billing" })
class Bill {
  run(n: number): string {
    return `bill ${n}`;
  }
}

@Injectable()
class Producer {
  constructor(@InjectStem() readonly stem: Stem) {}
}

@Injectable()
class Biller {
  constructor(@InjectStem("billing") readonly stem: Stem) {}
}

@Injectable()
class Config implements StemOptionsFactory {
  readonly adapter: Adapter = memory();

  createStemOptions(): StemOptions {
    return { adapter: this.adapter };
  }
}

@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

const doubles = async (stem: Stem): Promise<void> => {
  expect(await stem.enqueueAndWait(Double, 21, { timeout: "5s" })).toBe(42);
};

describe("StemModule", () => {
  it("brings Stem into an app with forRoot, and runs its tasks", async () => {
    const app = await appOf({ imports: [stemOn()], providers: [Double, Producer] });
    await doubles(app.get(Producer).stem);
    expect(app.get(getStemToken())).toBe(app.get(Stem));
  });

  it("takes its options from a factory that injects", async () => {
    const app = await appOf({
      imports: [
        StemModule.forRootAsync({
          imports: [ConfigModule],
          inject: [Config],
          useFactory: async (config: Config) => ({ adapter: config.adapter }),
        }),
      ],
      providers: [Double],
    });
    expect(app.get(StemRuntime).adapter).toBe(app.get(Config, { strict: false }).adapter);
    await doubles(app.get(Stem));
  });

  it("takes its options from a class made for it", async () => {
    const app = await appOf({ imports: [StemModule.forRootAsync({ useClass: Config })], providers: [Double] });
    await doubles(app.get(Stem));
  });

  it("takes its options from a provider that exists", async () => {
    const app = await appOf({
      imports: [ConfigModule, StemModule.forRootAsync({ imports: [ConfigModule], useExisting: Config })],
      providers: [Double],
    });
    expect(app.get(StemRuntime).adapter).toBe(app.get(Config, { strict: false }).adapter);
    await doubles(app.get(Stem));
  });

  it("keeps named instances apart: each has its store, its tasks and its token", async () => {
    const app = await appOf({
      imports: [stemOn(), StemModule.forRootAsync({ name: "billing", useFactory: () => ({ adapter: memory() }) })],
      providers: [Double, Bill, Producer, Biller],
    });
    await doubles(app.get(Producer).stem);
    expect(await app.get(Biller).stem.enqueueAndWait(Bill, 1, { timeout: "5s" })).toBe("bill 1");
    expect(app.get(StemRuntime).registry.names()).toEqual(["double"]);
    expect(app.get<StemRuntime>(getRuntimeToken("billing")).registry.names()).toEqual(["bill"]);
    expect(app.get(Producer).stem).not.toBe(app.get(Biller).stem);
  });

  it("registers and exports generated clients", async () => {
    const app = await appOf({ imports: [stemOn({ clients: [Producer] })], providers: [Double] });
    await doubles(app.get(Producer).stem);
  });

  it("is seen by the modules that import it only, if it is not global", async () => {
    await expect(compiled({ imports: [stemOn({ isGlobal: false }), Feature] })).rejects.toThrow(/Stem/);
  });

  it("serves two apps in one process from one definition and one store", async () => {
    const definition = StemModule.forRoot({ adapter: memory() });
    const parts = { imports: [definition], providers: [Double] };
    const [one, two] = [await appOf(parts), await appOf(parts)];
    expect(one.get(Stem)).not.toBe(two.get(Stem));
    await doubles(one.get(Stem));
    await one.close();
    await doubles(two.get(Stem));
  });

  it("runs in an application context as in an HTTP app", async () => {
    @Module({ imports: [stemOn()], providers: [Double] })
    class AppModule {}
    const context = await NestFactory.createApplicationContext(AppModule, { logger: false });
    await doubles(context.get(Stem));
    await context.close();

    const app = await NestFactory.create(AppModule, { logger: false });
    await app.listen(0, "127.0.0.1");
    await doubles(app.get(Stem));
    await app.close();
  });
});

describe("A generated client", () => {
  const definitions = { hash: "0", tasks: { "a.task": { kind: "task" }, "b.task": { kind: "task", instance: "billing" } } } as const;

  class Client {
    static readonly definitions = definitions;
    constructor(
      @InjectStem() readonly stem: Stem,
      @InjectStem("billing") readonly billing: Stem,
    ) {}
  }
  Injectable()(Client);

  it("says which instance of Stem it misses and what to do, also in a unit test", async () => {
    for (const imports of [[stemOn({ clients: [Client] })], [StemTestingModule.forRoot({ clients: [Client] })]]) {
      await expect(appOf({ imports })).rejects.toThrow(
        /Client has tasks of the instance "billing" of Stem, which is not in this app\.\n.+StemModule\.forRoot\(\{ name: "billing"[^]+StemTestingModule\.forRoot\(\{ name: "billing" \}\)[^]+STEM_INSTANCE_UNKNOWN/,
      );
    }
    const app = await appOf({
      imports: [StemTestingModule.forRoot({ clients: [Client] }), StemTestingModule.forRoot({ name: "billing" })],
    });
    expect(app.get(Client).billing).toBe(app.get(getStemToken("billing")));
    expect(app.get(Client).stem).toBe(app.get(Stem));
    expect(app.get(Client)).toBeInstanceOf(Client);
  });

  it("does not print all it knows of types when Nest cannot inject it", async () => {
    @Injectable()
    class Shop {
      constructor(readonly client: Client) {}
    }
    const error: unknown = await compiled({ imports: [stemOn()], providers: [Shop] }).catch((thrown: unknown) => thrown);
    const printed = inspect(error, { depth: 6 });
    expect(printed).toMatch(/can't resolve dependencies/);
    expect(printed).not.toMatch(/definitions|a\.task/);
    expect(Client.definitions).toBe(definitions);

    class Standalone {
      static readonly definitions = definitions;
      static readonly instances = [null];
      readonly made = true;
    }
    stemOn({ clients: [Standalone] });
    expect(inspect(Standalone)).not.toMatch(/definitions/);
  });
});

@Module({ providers: [Producer] })
class Feature {}
