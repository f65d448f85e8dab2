import type { Adapter } from "../../contract/adapter.js";
import type { NewEvent } from "../../contract/events.js";
import { checkText, LONGEST } from "../../contract/text.js";
import type { Codec } from "../codec/codec.js";
import type { Definitions } from "../codec/definitions.js";
import { encodePayload } from "../codec/payload.js";
import type { Shape } from "../codec/shape.js";
import { checkName, refuseUnknown } from "../task/define.js";
import { type Duration, toMs } from "../task/duration.js";

export interface EmitOptions {
  /** Makes a repeated emit harmless. Default: a new unique id. */
  readonly id?: string;
  /** How long later waits still find it. Default 7 days; 0 reaches only runs that wait now. */
  readonly keep?: Duration;
  readonly transaction?: unknown;
}

/** The result of an emit. */
export interface Emitted {
  readonly id: string;
  /** An event of this id was stored already; nothing happened. */
  readonly duplicate: boolean;
  /** Ids of the runs that go on. */
  readonly woken: readonly string[];
}

const KNOWN = ["id", "keep", "transaction"] as const satisfies readonly (keyof EmitOptions)[];

/** The parts of a Stem that emitting needs. */
export interface EmitParts {
  readonly adapter: Adapter;
  readonly codec: Codec;
  readonly definitions: Definitions;
  readonly ids: () => string;
  readonly maxPayloadBytes: number;
}

/** See `Stem.emit`. */
export async function emitOne(parts: EmitParts, name: string, key: string, payload: unknown, options: EmitOptions = {}): Promise<Emitted> {
  checkName(name, "event name");
  const of = `event "${name}"`;
  checkText(key, `The key of ${of}`, LONGEST.eventKey, 0);
  return store(parts, { ...draftOf(parts, of, name, payload, options, parts.definitions.event(name)), name, key }, options);
}

/**
 * The event to store, checked and encoded.
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
