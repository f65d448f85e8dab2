import type { Value } from "./values.js";

/** A row as a list of its columns. */
export type Row = readonly unknown[];

/** Where statements go: one connection, a transaction of Stem, or a transaction of the caller. */
export interface Sql {
  /** A caller's transaction. */
  readonly isCallers?: boolean;
  /** Runs a statement whose text says `stem.` where the schema's name belongs. */
  rows(text: string, values?: readonly Value[]): Promise<Row[]>;
}
