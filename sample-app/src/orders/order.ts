/** One line of an order file. */
export interface Order {
  readonly number: string;
  readonly email: string;
  readonly product: string;
  readonly quantity: number;
  /** Of one piece. */
  readonly cents: number;
}

export interface BadLine {
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

const PRODUCTS = new Set(["tea-green", "tea-black", "mug-blue", "mug-red", "pot-iron", "sieve", "kettle", "honey"]);

/** Reads one CSV line. Returns the reason as a string if it is not an order. */
export function readOrder(text: string): Order | string {
  const fields = text.split(",");
  if (fields.length !== 5) return `has ${fields.length} fields instead of 5`;
  const [number, email, product, quantity, price] = fields as [string, string, string, string, string];
  if (!/^A-\d{5}$/.test(number)) return `"${number}" is not an order number`;
  if (!/^[^\s@"]+@[^\s@"]+\.[a-z]+$/.test(email)) return `"${email}" is not an address`;
  if (!PRODUCTS.has(product)) return `"${product}" is not sold here`;
  if (!/^[1-9]\d{0,3}$/.test(quantity)) return `"${quantity}" is not a quantity`;
  if (!/^\d+\.\d\d$/.test(price)) return `"${price}" is not a price`;
  return { number, email, product, quantity: Number(quantity), cents: Math.round(Number(price) * 100) };
}
