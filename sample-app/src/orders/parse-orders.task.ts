import { Task } from "nestjs-stem";
import { type BadLine, type Order, readOrder } from "./order.js";

export interface OrderLines {
  /** Line number of the first line in the file, from 1. */
  readonly first: number;
  readonly lines: readonly string[];
}

export interface ParsedOrders {
  readonly orders: readonly Order[];
  readonly bad: readonly BadLine[];
}

/** Reads and checks a batch of lines of an order file. */
@Task("orders.parse", { queue: "orders" })
export class ParseOrders {
  run({ first, lines }: OrderLines): ParsedOrders {
    const orders: Order[] = [];
    const bad: BadLine[] = [];
    for (const [index, text] of lines.entries()) {
      const order = readOrder(text);
      if (typeof order === "string") bad.push({ line: first + index, text, why: order });
      else orders.push(order);
    }
    return { orders, bad };
  }
}
