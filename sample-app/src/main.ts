import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { AppModule } from "./app.module.js";
import { shopFolder } from "./shop/files.js";

const app = await NestFactory.create<NestExpressApplication>(AppModule);
app.useBodyParser("text", { type: "text/csv", limit: "10mb" });
app.useBodyParser("raw", { type: ["image/png", "image/jpeg"], limit: "20mb" });
app.enableShutdownHooks();
await app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");

const url = await app.getUrl();
console.log(`The shop is open at ${url}; its files are in ${shopFolder}.`);
console.log(
  `Try next:  curl -s -H 'content-type: text/csv' --data-binary @sample-app/data/orders.csv ${url}/orders   and then   curl -s ${url}/counts`,
);
