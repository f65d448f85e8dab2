export default {
  testEnvironment: "<rootDir>/test/servers/environment.mjs",
  roots: ["<rootDir>/test", "<rootDir>/schematics"],
  testMatch: ["**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: {
    "^nestjs-stem$": "<rootDir>/lib/index.ts",
    "^nestjs-stem/core$": "<rootDir>/lib/core/index.ts",
    "^nestjs-stem/sqlite$": "<rootDir>/lib/adapters/sqlite/index.ts",
    "^nestjs-stem/redis$": "<rootDir>/lib/adapters/redis/index.ts",
    "^nestjs-stem/postgres$": "<rootDir>/lib/adapters/postgres/index.ts",
    "^nestjs-stem/testing$": "<rootDir>/lib/testing/index.ts",
    "^(\\.{1,2}/.*)\\.js$": "$1",
  },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: {
          target: "es2022",
          parser: { syntax: "typescript", decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  collectCoverageFrom: ["lib/**/*.ts", "codegen/**/*.ts", "!**/*.d.ts", "!lib/cli/main.ts"],
  coverageReporters: ["text-summary"],
  globalSetup: "<rootDir>/test/servers/setup.mjs",
  globalTeardown: "<rootDir>/test/servers/teardown.mjs",
  reporters: ["default", "<rootDir>/test/servers/reporter.mjs"],
  testTimeout: 120_000,
  // The fault tests mostly wait, so every core can have a file of theirs.
  maxWorkers: "100%",
};
