import { Module } from "@nestjs/common";
import { DiscoveryModule } from "@nestjs/core";
import { processEnvironment, STEM_ENVIRONMENT } from "./environment.js";
import { StemExplorer } from "./explore/explorer.js";

/**
 * The providers that all instances of Stem in an app share.
 * The class is the same for each, so an app has it once.
 */
@Module({
  imports: [DiscoveryModule],
  providers: [StemExplorer, { provide: STEM_ENVIRONMENT, useFactory: processEnvironment }],
  exports: [StemExplorer, STEM_ENVIRONMENT],
})
export class StemCoreModule {}
