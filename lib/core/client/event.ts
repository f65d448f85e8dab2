import type { EmitOptions, Emitted } from "../event/emit.js";
import type { EventType } from "../event/event.js";
import type { EventClient, PayloadArgs } from "./face.js";

/** The parts of a Stem that an event client needs. */
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
