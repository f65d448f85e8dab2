import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { currentStep, NonRetryableError, Step, Workflow, type WorkflowContext } from "nestjs-stem";
import { ShopFiles } from "../shop/files.js";
import { Payments } from "../shop/payments.js";
import type { Order } from "./order.js";

export interface Receipt {
  readonly order: string;
  readonly payment: string;
  readonly parcel: string;
}

/** Sells one order: validate → charge → let the customer think better of it → ship. */
@Workflow("order.process", { queue: "runs" })
export class ProcessOrder {
  constructor(
    private readonly payments: Payments,
    private readonly files: ShopFiles,
  ) {}

  async run(order: Order, ctx: WorkflowContext): Promise<Receipt> {
    const cents = await this.validate(order);
    const payment = await this.charge(order, cents);
    await ctx.sleep("cool-off", process.env["SHOP_COOL_OFF"] === undefined ? "24h" : Number(process.env["SHOP_COOL_OFF"]));
    const parcel = await this.ship(order);
    return { order: order.number, payment, parcel };
  }

  @Step()
  async validate(order: Order): Promise<number> {
    const cents = order.quantity * order.cents;
    if (!(cents > 0)) throw new NonRetryableError(`Order ${order.number} is worth nothing`);
    return cents;
  }

  @Step()
  async charge(order: Order, cents: number): Promise<string> {
    // A step in flight when its worker dies runs again, with the same key: the payment service then knows
    // that it has been asked before.
    return this.payments.charge(currentStep()?.idempotencyKey ?? order.number, order.number, cents);
  }

  @Step()
  async ship(order: Order): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100));
    const parcel = `parcel-${order.number}`;
    await appendFile(join(this.files.outbox, "parcels.txt"), `${parcel}\n`);
    return parcel;
  }
}
