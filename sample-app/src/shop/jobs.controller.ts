import { Controller, Get, NotFoundException, Param, Post, Query } from "@nestjs/common";
import type { JobState, QueueInfo } from "nestjs-stem";
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

  @Get("queues")
  queues(): Promise<readonly QueueInfo[]> {
    return this.client.stem.queues();
  }

  /** How many of the stored jobs needed more than one attempt. */
  @Get("retried")
  async retried(): Promise<{ jobs: number }> {
    let jobs = 0;
    let page = await this.client.stem.jobs({ limit: 1_000 });
    while (page.length > 0) {
      jobs += page.filter(({ attempts }) => attempts > 1).length;
      page = await this.client.stem.jobs({ limit: 1_000, cursor: page.at(-1)!.id });
    }
    return { jobs };
  }

  @Post("stock")
  async stock(): Promise<{ job: string }> {
    return { job: (await this.client.tasks.shop.syncStock.enqueue()).id };
  }

  @Post("books/:month")
  async books(@Param("month") month: string): Promise<{ job: string }> {
    return { job: (await this.client.tasks.shop.exportBooks.enqueue({ month })).id };
  }

  /** Pauses the schedule `shop.tick` in all processes, or resumes it. */
  @Post("ticks/:what")
  async ticks(@Param("what") what: string): Promise<{ next: Date | null }> {
    const { tick } = this.client.schedules.shop;
    if (what !== "pause" && what !== "resume") throw new NotFoundException('Say "pause" or "resume".');
    await tick[what]();
    return { next: (await tick.next()) ?? null };
  }
}
