import { Module } from "@nestjs/common";
import { StemModule } from "nestjs-stem";
import { ImagesController } from "./images/images.controller.js";
import { PublishImage } from "./images/publish-image.tasks.js";
import { ResizeImage } from "./images/resize-image.task.js";
import { OrdersController } from "./orders/orders.controller.js";
import { ParseOrders } from "./orders/parse-orders.task.js";
import { ProcessOrder } from "./orders/process-order.workflow.js";
import { TotalOrders } from "./orders/total-orders.task.js";
import { ShopFiles } from "./shop/files.js";
import { JobsController } from "./shop/jobs.controller.js";
import { Payments } from "./shop/payments.js";
import { Upkeep } from "./shop/upkeep.tasks.js";
import { StemClient } from "./stem/stem.gen.js";
import { shopStore } from "./store.js";

/** A small shop: order files, product images, a sale per order. */
@Module({
  imports: [
    StemModule.forRoot({
      adapter: shopStore(), // or sqlite("stem.db"), redis("redis://…"), postgres("postgres://…")
      worker: { lease: "2s" },
      beat: true,
      clients: [StemClient],
    }),
  ],
  controllers: [OrdersController, ImagesController, JobsController],
  providers: [ShopFiles, Payments, ParseOrders, TotalOrders, ProcessOrder, ResizeImage, PublishImage, Upkeep],
})
export class AppModule {}
