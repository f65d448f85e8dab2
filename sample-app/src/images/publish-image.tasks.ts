import { copyFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Injectable } from "@nestjs/common";
import { Task } from "nestjs-stem";
import { ShopFiles } from "../shop/files.js";
import type { Picture } from "./resize-image.task.js";

export interface Published {
  readonly image: string;
  readonly url: string;
}

/** What happens to a picture once it has its size: two tasks as methods of one provider. */
@Injectable()
export class PublishImage {
  constructor(private readonly files: ShopFiles) {}

  /** Puts a picture where the shop serves it from. */
  @Task("images.store", { queue: "images" })
  async store(picture: Picture): Promise<Published> {
    const name = `published-${basename(picture.file)}`;
    await copyFile(picture.file, join(this.files.pictures, name));
    return { image: picture.image, url: `/pictures/${name}` };
  }

  /** Tells the shopkeeper; mail goes to a folder here. */
  @Task("images.notify", { queue: "images" })
  async notify(published: Published): Promise<string> {
    const file = join(this.files.outbox, `${published.image}.eml`);
    await writeFile(file, `To: shop@example.com\nSubject: ${published.image} is online\n\nSee ${published.url}\n`);
    return file;
  }
}
