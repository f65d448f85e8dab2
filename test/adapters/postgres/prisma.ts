import { PrismaPg } from "@prisma/adapter-pg";

/** What the tests use of a generated client. */
export interface PrismaLike {
  $transaction<T>(work: (tx: PrismaTransaction) => Promise<T>): Promise<T>;
  $disconnect(): Promise<void>;
}

export interface PrismaTransaction {
  readonly order: { create(what: { readonly data: { readonly id: string; readonly total: number } }): Promise<unknown> };
  $queryRawUnsafe(text: string, ...values: unknown[]): Promise<unknown>;
}

/**
 * A client of the generated code in fixtures/prisma, made once by `prisma generate` (7.10.0) of the
 * schema.prisma there.
 */
export async function openPrisma(url: string, schema: string): Promise<PrismaLike> {
  const generated = "./fixtures/prisma/client.ts";
  const { PrismaClient } = (await import(generated)) as { readonly PrismaClient: new (options: object) => PrismaLike };
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url }, { schema }) });
}
