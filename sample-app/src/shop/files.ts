import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Injectable } from "@nestjs/common";

/** Where this shop keeps its files: `SHOP_DATA`, or a folder among the temporary files. */
export const shopFolder = process.env["SHOP_DATA"] ?? join(tmpdir(), "stem-shop");

/** The folders of the shop, made when it opens. */
@Injectable()
export class ShopFiles {
  readonly inbox = this.folder("inbox");
  readonly pictures = this.folder("pictures");
  readonly outbox = this.folder("outbox");
  readonly reports = this.folder("reports");

  private folder(name: string): string {
    const path = join(shopFolder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }
}
