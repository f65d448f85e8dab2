import { join } from "node:path";
import { NonRetryableError, Task } from "nestjs-stem";
import sharp from "sharp";
import { ShopFiles } from "../shop/files.js";

export const SIZES = { small: 160, medium: 480, large: 960 } as const;

export interface ResizeInput {
  /** Name of a file in the inbox. */
  readonly image: string;
  readonly size: keyof typeof SIZES;
}

export interface Picture {
  readonly image: string;
  readonly size: keyof typeof SIZES;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** Makes one size of an uploaded image. */
@Task("images.resize", { queue: "images", timeout: "30s" })
export class ResizeImage {
  constructor(private readonly files: ShopFiles) {}

  async run({ image, size }: ResizeInput): Promise<Picture> {
    const file = join(this.files.pictures, `${image.replace(/\.\w+$/, "")}-${size}.webp`);
    try {
      const { width, height, size: bytes } = await sharp(join(this.files.inbox, image)).resize(SIZES[size]).webp().toFile(file);
      return { image, size, file, width, height, bytes };
    } catch (error) {
      // A retry would fail the same way.
      throw new NonRetryableError(`${image} is not an image: ${(error as Error).message}`);
    }
  }
}
