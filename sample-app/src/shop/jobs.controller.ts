import { Controller, Get, NotFoundException, Param, Post, Query } from "@nestjs/common";
import type { JobState } from "nestjs-stem";
import { StemClient } from "../stem/stem.gen.js";

@Controller()
export class JobsController {
  constructor(private readonly client: StemClient) {}

  @Get("jobs/:id")
  async job(@Param("id") id: string): Promise<object> {
    const record = await this.client.stem.handle(id).status();
    if (record === undefined) throw new NotFoundException(`No job ${id} is stored.`);
    return record;
  }

  /** Jobs per state, of one task or of all. */
  @Get("counts")
  counts(@Query("task") task?: string): Promise<Readonly<Record<JobState, number>>> {
    return this.client.stem.counts(task === undefined ? {} : { task });
  }

  @Post("stock")
  async stock(): Promise<{ job: string }> {
    return { job: (await this.client.tasks.shop.syncStock.enqueue()).id };
  }

  @Post("books/:month")
  async books(@Param("month") month: string): Promise<{ job: string }> {
    return { job: (await this.client.tasks.shop.exportBooks.enqueue({ month })).id };
  }
}
