import type { Signature } from "../client/face.js";

/** Result type of the last signature of a chain. */
export type LastOutput<S extends readonly Signature[]> = S extends readonly [...Signature[], Signature<unknown, infer O>] ? O : unknown;
