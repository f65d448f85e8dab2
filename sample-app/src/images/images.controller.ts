import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BadRequestException, Body, Controller, Param, Post } from "@nestjs/common";
import { ShopFiles } from "../shop/files.js";
import { StemClient } from "../stem/stem.gen.js";
import { SIZES } from "./resize-image.task.js";

@Controller("images")
export class ImagesController {
  constructor(
    private readonly client: StemClient,
    private readonly files: ShopFiles,
  ) {}

  /** Takes an image: a group makes three sizes of it, a chain publishes one and sends a notice. */
  @Post(":name")
  async upload(@Param("name") name: string, @Body() image: unknown): Promise<{ sizes: readonly string[]; notice: string }> {
    if (!/^[\w-]+\.(png|jpe?g)$/.test(name) || !Buffer.isBuffer(image))
      throw new BadRequestException("Send a PNG or JPEG image to /images/NAME.png.");
    await writeFile(join(this.files.inbox, name), image);
    const { resize, store, notify } = this.client.tasks.images;
    const sizes = Object.keys(SIZES) as (keyof typeof SIZES)[];
    const group = await this.client.stem.group(sizes.map((size) => resize.signature({ image: name, size })));
    const notice = await this.client.stem.chain(resize.signature({ image: name, size: "medium" }), store.signature(), notify.signature());
    return { sizes: group.jobs.map((job) => job.id), notice: notice.id };
  }
}
