import { OptionError, StemError, UnknownJobError } from "../../contract/errors.js";
import { isFinal } from "../../contract/job.js";
import { checkText } from "../../contract/text.js";
import { checkName } from "../task/define.js";
import { eventOf, type SignalType } from "../event/signal.js";
import { draftOf, type EmitParts, store } from "../event/emit.js";
import type { EmitOptions } from "../event/emit.js";
import type { JobHandle, RunHandle, Signalled, SignalsOf } from "./face.js";
import { Handle, type HandleParts } from "./handle.js";
import type { ProducerParts } from "./producer.js";

/** What signalling needs of its Stem. */
type SignalParts = EmitParts & Pick<ProducerParts, "registry">;

/** See `Stem.signal`. */
export async function signalOne(
  parts: SignalParts,
  runId: string,
  signal: SignalType,
  payload: unknown,
  options: EmitOptions = {},
): Promise<Signalled> {
  checkSignal(signal);
  const { name } = signal;
  const of = `signal "${name}"`;
  checkText(runId, `The run of ${of}`);
  const [record] = await parts.adapter.jobs.get([runId]);
  const draft = draftOf(parts, of, name, payload, options, parts.definitions.signal(record?.task, name));
  // In a transaction it may be the very one that starts the run, which is not seen from outside yet.
  if (record === undefined && options.transaction === undefined) throw new UnknownJobError(runId);
  if (record !== undefined && parts.registry.get(record.task)?.kind === "task") throw notARun(runId, record.task, name);
  if (record !== undefined && isFinal(record.state)) return { id: draft.id, as: "ended" };
  // Ids of events are unique in the store, those of signals in their run: "click-1" may be said to many.
  const id = options.id === undefined ? draft.id : `${eventOf(signal)}@${runId}/${draft.id}`;
  const { duplicate } = await store(parts, { ...draft, id, name: eventOf(signal), key: runId }, options);
  return { id: draft.id, as: duplicate ? "duplicate" : "sent" };
}

/** @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_NAME_INVALID` */
function checkSignal(signal: SignalType): void {
  if (typeof signal !== "object" || signal === null || signal["~signal"] !== true) {
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `What was to be signalled is ${typeof signal === "string" ? `"${signal}"` : typeof signal === "object" && signal !== null ? "no signal" : String(signal)}.`,
      'Give what defineSignal made: static readonly approved = defineSignal<Approval>("approved").',
    );
  }
  checkName(signal.name, "signal name");
}

function notARun(id: string, task: string, signal: string): StemError {
  return new StemError(
    "STEM_NOT_A_WORKFLOW",
    `Job ${id} is of task "${task}", so it cannot be told signal "${signal}".`,
    "Only runs of workflows wait for signals: give the id of a run.",
  );
}

/** What a run's handle needs to signal. */
interface Signaller {
  signal(runId: string, signal: SignalType, payload?: unknown, options?: EmitOptions): Promise<Signalled>;
}

/** See `RunHandle`. */
export class SignallingHandle<O, S> extends Handle<O> implements RunHandle<O, S> {
  readonly #stem: Signaller;
  readonly #names: Readonly<Record<string, string>>;
  #signal: SignalsOf<S> | undefined;

  /** @param names of the signals, by what they are called on the handle */
  constructor(parts: HandleParts, job: JobHandle, stem: Signaller, names: Readonly<Record<string, string>>) {
    super(parts, job.id, job.as, Handle.storedOf(job), Handle.taskOf(job));
    this.#stem = stem;
    this.#names = names;
  }

  get signal(): SignalsOf<S> {
    this.#signal ??= Object.fromEntries(Object.entries(this.#names).map(([key, name]) => [key, this.#tell(name)])) as SignalsOf<S>;
    return this.#signal;
  }

  #tell(name: string): SignalsOf<S>[keyof S] {
    const signal: SignalType = { name, "~signal": true };
    return (async (payload?: unknown, options?: EmitOptions) => {
      if (Handle.taskOf(this) !== undefined) await this.status();
      return this.#stem.signal(this.id, signal, payload, options);
    }) as SignalsOf<S>[keyof S];
  }
}
