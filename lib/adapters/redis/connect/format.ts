import { StoreError } from "../../../contract/index.js";

/**
 * The form of the data that this code writes; 1 is what was written before there was a number. It grows with
 * what older code would not understand.
 */
export const FORMAT = 2;

/**
 * Reads what a namespace says of the form of its data.
 *
 * @throws {StoreError} `STEM_SCHEMA_NEWER`; `STEM_STORE_OPEN` if it is not a number
 */
export function refuseFormat(found: string, where: string, home: string): number {
  const key = `${home}:format`;
  if (!/^[1-9]\d{0,5}$/.test(found))
    throw new StoreError(
      "STEM_STORE_OPEN",
      `Redis at ${where} holds ${JSON.stringify(found)} under the key ${key}, where the number of the format of Stem's data stands.`,
      `If the data is Stem's, delete the key and open the store with the newest version in use; else give Stem a namespace of its own: redis(server, { namespace: "…" }).`,
    );
  if (Number(found) > FORMAT)
    throw new StoreError(
      "STEM_SCHEMA_NEWER",
      `The data under ${home} in Redis at ${where} has format ${found}; this version of nestjs-stem knows ${FORMAT}.`,
      "Update nestjs-stem in this process, or use another namespace.",
    );
  return Number(found);
}
