import { BadRequestException, Body, Controller, Get, Post } from "@nestjs/common";
import { Payments } from "../shop/payments.js";
import { StemClient } from "../stem/stem.gen.js";
import { type Order, readOrder } from "./order.js";

/** How many lines one job reads. */
const BATCH = 100;

@Controller("orders")
export class OrdersController {
  constructor(
    private readonly client: StemClient,
    private readonly payments: Payments,
  ) {}

  /** Takes an order file; batches are read side by side, and when all are done, totalled. */
  @Post()
  async upload(@Body() csv: unknown): Promise<{ report: string; batches: number; lines: number }> {
    if (typeof csv !== "string" || csv === "") throw new BadRequestException("Send the order file as text/csv.");
    const [, ...lines] = csv.trimEnd().split("\n");
    const { parse, total } = this.client.tasks.orders;
    const batches = Array.from({ length: Math.ceil(lines.length / BATCH) }, (_, i) =>
      parse.signature({ first: i * BATCH + 2, lines: lines.slice(i * BATCH, (i + 1) * BATCH) }),
    );
    const report = await this.client.stem.chord(batches, total.signature());
    return { report: report.id, batches: batches.length, lines: lines.length };
  }

  /**
   * Starts a run per order. The order's number is the run's id, so that sending an order twice sells it once.
   */
  @Post("runs")
  async process(@Body() body: { readonly lines?: readonly string[] }): Promise<{ started: number; duplicates: number }> {
    const orders = (body.lines ?? []).map(readOrder).filter((order): order is Order => typeof order !== "string");
    if (orders.length === 0) throw new BadRequestException('Send { "lines": ["A-00001,ada@example.com,honey,1,8.40"] }.');
    const runs = await Promise.all(orders.map((order) => this.client.workflows.order.process.start(order, { id: order.number })));
    return { started: runs.filter((run) => !run.duplicate).length, duplicates: runs.filter((run) => run.duplicate).length };
  }

  @Get("audit")
  audit(): ReturnType<Payments["audit"]> {
    return this.payments.audit();
  }
}
