import { OptionError } from "../../contract/errors.js";
import { encodePayload } from "../codec/payload.js";
import { checkName, refuseUnknown } from "../task/define.js";
import { toMs } from "../task/duration.js";
import type { EmitOptions } from "./face.js";
import type { ProducerParts } from "./producer.js";

const KNOWN = ["id", "keep", "transaction"] as const satisfies readonly (keyof EmitOptions)[];

/** What came of an emit. */
export interface Emitted {
  readonly id: string;
  /** An event of this id was stored already; nothing happened. */
  readonly duplicate: boolean;
  /** Ids of the runs that go on. */
  readonly woken: readonly string[];
}

/** See `Stem.emit`. */
export async function emitOne(
  parts: Pick<ProducerParts, "adapter" | "codec" | "ids" | "maxPayloadBytes">,
  name: string,
  key: string,
  payload: unknown,
  options: EmitOptions = {},
): Promise<Emitted> {
  checkName(name, "event name");
  const of = `of event "${name}"`;
  if (typeof key !== "string") {
    throw new OptionError("STEM_OPTION_INVALID", `The key ${of} is ${String(key)}.`, 'Give what the event is about as a string, or "".');
  }
  refuseUnknown(options, KNOWN, of);
  if (options.id !== undefined && (typeof options.id !== "string" || options.id.length === 0 || options.id.length > 200)) {
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `The id ${of} is ${String(options.id).slice(0, 60)}.`,
      "Give a string of 1 to 200 characters.",
    );
  }
  const id = options.id ?? parts.ids();
  const text = encodePayload(parts.codec, payload, parts.maxPayloadBytes, { name });
  const event = {
    id,
    name,
    key,
    ...(text !== "" && { payload: text }),
    ...(options.keep !== undefined && { keepMs: toMs(options.keep, `keep ${of}`) }),
  };
  const { transaction } = options;
  const emitted = await parts.adapter.events.emit([event], transaction === undefined ? undefined : { transaction });
  return { id, duplicate: emitted.duplicates.length > 0, woken: emitted.woken };
}
