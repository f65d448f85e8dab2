import { existsSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { Injectable } from "@nestjs/common";
import { Cron, Task, type TaskContext } from "nestjs-stem";
import { shopFolder } from "./files.js";

/** Small jobs that keep the shop running, and show what happens when one fails. */
@Injectable()
export class Upkeep {
  /** The warehouse never answers the first two times. */
  @Task("shop.syncStock", { retry: { attempts: 5, base: "400ms" } })
  async syncStock(_input: undefined, ctx: TaskContext): Promise<string> {
    if (ctx.attempt < 3) throw new Error(`The warehouse does not answer (attempt ${ctx.attempt})`);
    return `synced at attempt ${ctx.attempt}`;
  }

  /** Fails until the file `books.open` exists. */
  @Task("shop.exportBooks", { retry: { attempts: 2, base: "200ms" } })
  async exportBooks(input: { readonly month: string }): Promise<string> {
    if (!existsSync(join(shopFolder, "books.open"))) throw new Error("The books are closed");
    return `exported ${input.month}`;
  }

  /** Every two seconds, once per slot, however many processes run this. */
  @Cron("*/2 * * * * *", { name: "shop.tick" })
  async tick(_input: undefined, ctx: TaskContext): Promise<void> {
    await appendFile(join(shopFolder, "ticks.txt"), `${ctx.jobId}\n`);
  }
}
