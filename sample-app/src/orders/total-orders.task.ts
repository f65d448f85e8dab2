import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Task, type TaskContext } from "nestjs-stem";
import { ShopFiles } from "../shop/files.js";
import type { ParsedOrders } from "./parse-orders.task.js";

export interface OrderReport {
  readonly file: string;
  readonly orders: number;
  readonly bad: number;
  /** Orders whose number had been seen before in the file. */
  readonly doubled: number;
  readonly cents: number;
}

/** Totals what the batches of an order file came to, and writes the report. The callback of a chord. */
@Task("orders.total", { queue: "orders" })
export class TotalOrders {
  constructor(private readonly files: ShopFiles) {}

  async run(batches: readonly ParsedOrders[], ctx: TaskContext): Promise<OrderReport> {
    const seen = new Set<string>();
    const perProduct = new Map<string, { pieces: number; cents: number }>();
    let doubled = 0;
    for (const order of batches.flatMap((batch) => batch.orders)) {
      if (seen.has(order.number)) {
        doubled++;
        continue;
      }
      seen.add(order.number);
      const { pieces, cents } = perProduct.get(order.product) ?? { pieces: 0, cents: 0 };
      perProduct.set(order.product, { pieces: pieces + order.quantity, cents: cents + order.quantity * order.cents });
    }
    const bad = batches.flatMap((batch) => batch.bad);
    const cents = [...perProduct.values()].reduce((sum, product) => sum + product.cents, 0);
    const file = join(this.files.reports, `orders-${ctx.jobId.replaceAll(/[^\w-]/g, "_")}.json`);
    const products = Object.fromEntries([...perProduct].sort(([a], [b]) => (a < b ? -1 : 1)));
    await writeFile(file, JSON.stringify({ orders: seen.size, doubled, cents, products, bad }, null, 2));
    return { file, orders: seen.size, bad: bad.length, doubled, cents };
  }
}
