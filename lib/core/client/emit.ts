import type { NewEvent } from "../../contract/events.js";
import { checkText, LONGEST } from "../../contract/text.js";
import { encodePayload } from "../codec/payload.js";
import type { Shape } from "../codec/shape.js";
import { checkName, refuseUnknown } from "../task/define.js";
import { toMs } from "../task/duration.js";
import type { EventType } from "../workflow/context.js";
import type { EmitOptions, Emitted, EventClient, PayloadArgs } from "./face.js";
import type { ProducerParts } from "./producer.js";

const KNOWN = ["id", "keep", "transaction"] as const satisfies readonly (keyof EmitOptions)[];

/** What emitting needs of its Stem. */
export type EmitParts = Pick<ProducerParts, "adapter" | "codec" | "definitions" | "ids" | "maxPayloadBytes">;

/** See `Stem.emit`. */
export async function emitOne(parts: EmitParts, name: string, key: string, payload: unknown, options: EmitOptions = {}): Promise<Emitted> {
  checkName(name, "event name");
  const of = `event "${name}"`;
  checkText(key, `The key of ${of}`, LONGEST.eventKey, 0);
  return store(parts, { ...draftOf(parts, of, name, payload, options, parts.definitions.event(name)), name, key }, options);
}

/**
 * What an event carries and how long it is kept, checked and encoded.
 *
 * @param of names it in errors: `event "order.paid"`
 * @throws as `Stem.emit`
 */
export function draftOf(
  parts: EmitParts,
  of: string,
  name: string,
  payload: unknown,
  options: EmitOptions,
  shape: Shape | undefined,
): Omit<NewEvent, "name" | "key"> {
  refuseUnknown(options, KNOWN, `of ${of}`);
  if (options.id !== undefined) checkText(options.id, `The id of ${of}`);
  shape?.check(payload, "payload", of);
  const text = encodePayload(parts.codec, shape === undefined ? payload : shape.encode(payload), parts.maxPayloadBytes, { name });
  return {
    id: options.id ?? parts.ids(),
    ...(text !== "" && { payload: text }),
    ...(options.keep !== undefined && { keepMs: toMs(options.keep, `keep of ${of}`) }),
  };
}

/** Stores an event, in the caller's transaction if there is one. */
export async function store(parts: EmitParts, event: NewEvent, { transaction }: EmitOptions): Promise<Emitted> {
  const emitted = await parts.adapter.events.emit([event], transaction === undefined ? undefined : { transaction });
  return { id: event.id, duplicate: emitted.duplicates.length > 0, woken: emitted.woken };
}

/** What an event client needs of its Stem. */
interface Emitter {
  emit(event: EventType, key: string, payload?: unknown, options?: EmitOptions): Promise<Emitted>;
}

/** See `EventClient`. */
export class StemEventClient<T> implements EventClient<T> {
  readonly name: string;
  readonly #stem: Emitter;

  constructor(stem: Emitter, name: string) {
    this.#stem = stem;
    this.name = name;
  }

  emit(key: string, ...[payload, options]: PayloadArgs<T, [options?: EmitOptions]>): Promise<Emitted> {
    return this.#stem.emit(this, key, payload, options);
  }
}
