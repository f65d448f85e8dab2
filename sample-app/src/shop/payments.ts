import { join } from "node:path";
import { Injectable, type OnApplicationShutdown } from "@nestjs/common";
import Database from "better-sqlite3";
import { shopFolder, ShopFiles } from "./files.js";

/**
 * Stands for a payment service: it has its own database, answers slowly, and takes an idempotency key. A
 * request is noted each time it comes; money is taken once per key.
 */
@Injectable()
export class Payments implements OnApplicationShutdown {
  private readonly db: Database.Database;

  constructor(_files: ShopFiles) {
    this.db = new Database(join(shopFolder, "payments.db"));
    this.db.pragma("journal_mode = WAL");
    this.db.pragma("busy_timeout = 5000");
    this.db.exec(`
      create table if not exists requests (key text not null, orderNumber text not null, pid integer not null);
      create table if not exists charges (key text primary key, orderNumber text not null, cents integer not null);
    `);
  }

  /** Takes the money once per key, however often it is called. Answers after a while, as services do. */
  async charge(key: string, orderNumber: string, cents: number): Promise<string> {
    this.db.prepare("insert into requests values (?, ?, ?)").run(key, orderNumber, process.pid);
    this.db.prepare("insert or ignore into charges values (?, ?, ?)").run(key, orderNumber, cents);
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 200));
    return `receipt-${key}`;
  }

  /** The numbers that an audit needs. */
  audit(): { requests: number; charges: number; orders: number } {
    const one = (sql: string) => (this.db.prepare(sql).get() as { n: number }).n;
    return {
      requests: one("select count(*) n from requests"),
      charges: one("select count(*) n from charges"),
      orders: one("select count(distinct orderNumber) n from charges"),
    };
  }

  onApplicationShutdown(): void {
    this.db.close();
  }
}
