/** A list that travels as one array parameter. */
export class List {
  readonly type: "int4" | "int8" | "text";
  readonly items: readonly (string | number | null)[];

  constructor(type: "int4" | "int8" | "text", items: readonly (string | number | null)[]) {
    this.type = type;
    this.items = items;
  }
}

export const ints = (items: readonly (number | null)[]): List => new List("int4", items);
export const bigs = (items: readonly (number | null)[]): List => new List("int8", items);
export const texts = (items: readonly (string | null)[]): List => new List("text", items);

/** A parameter of a statement. */
export type Value = string | number | boolean | null | List;

const OID = { int4: 23, int8: 20, text: 25 } as const;

/**
 * A list in the server's binary form of an array: a header, then length and bytes of each item.
 * -1 stands for null. Several times cheaper on both sides than the quoted text form.
 */
export function toBinary({ type, items }: List): Buffer {
  return type === "text" ? textArray(items as readonly (string | null)[]) : numberArray(type, items as readonly (number | null)[]);
}

const HEADER = 20;

function header(buffer: Buffer, type: keyof typeof OID, count: number, hasNull: boolean): void {
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNull ? 1 : 0, 4);
  buffer.writeInt32BE(OID[type], 8);
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
}

function empty(type: keyof typeof OID): Buffer {
  const buffer = Buffer.alloc(12);
  buffer.writeInt32BE(OID[type], 8);
  return buffer;
}

function textArray(items: readonly (string | null)[]): Buffer {
  if (items.length === 0) return empty("text");
  let most = HEADER;
  for (const item of items) most += 4 + (item === null ? 0 : item.length * 3);
  // For long texts the exact length is worth computing: three bytes per character is more than most need.
  if (most > 65_536) {
    most = HEADER;
    for (const item of items) most += 4 + (item === null ? 0 : Buffer.byteLength(item));
  }
  const buffer = Buffer.allocUnsafe(most);
  let at = HEADER;
  let hasNull = false;
  for (const item of items) {
    if (item === null) {
      hasNull = true;
      at = buffer.writeInt32BE(-1, at);
      continue;
    }
    const length = buffer.write(item, at + 4);
    buffer.writeInt32BE(length, at);
    at += 4 + length;
  }
  header(buffer, "text", items.length, hasNull);
  return buffer.subarray(0, at);
}

function numberArray(type: "int4" | "int8", items: readonly (number | null)[]): Buffer {
  if (items.length === 0) return empty(type);
  const width = type === "int4" ? 4 : 8;
  const buffer = Buffer.allocUnsafe(HEADER + items.length * (4 + width));
  let at = HEADER;
  let hasNull = false;
  for (const item of items) {
    if (item === null) {
      hasNull = true;
      at = buffer.writeInt32BE(-1, at);
      continue;
    }
    at = buffer.writeInt32BE(width, at);
    if (width === 8) {
      // In two halves: a BigInt for each number would cost more than the rest together.
      at = buffer.writeInt32BE(Math.floor(item / 4_294_967_296), at);
      at = buffer.writeUInt32BE(item - Math.floor(item / 4_294_967_296) * 4_294_967_296, at);
    } else at = buffer.writeInt32BE(item, at);
  }
  header(buffer, type, items.length, hasNull);
  return buffer.subarray(0, at);
}

/** A list as the server's text form of an array, for drivers that know no binary parameters. */
export function toLiteral({ items }: List): string {
  const quoted = items.map((item) => {
    if (item === null) return "NULL";
    return typeof item === "number" ? String(item) : `"${item.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  });
  return `{${quoted.join(",")}}`;
}
