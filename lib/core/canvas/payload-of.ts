import type { Delivery } from "../../contract/job.js";
import type { Codec } from "../codec/codec.js";
import { decodePayload } from "../codec/payload.js";
import type { Shape } from "../codec/shape.js";
import type { TaskInput } from "../task/task.js";

/** Header of a job whose payload is made of its inputs: `"one"`, the only result; `"all"`, the list. */
export const FROM_HEADER = "stem-from";

/**
 * The payload for the handler of a delivery, revived by its type.
 * For a signature without a payload, it is the result of the job before it (in a chain) or the list of
 * results in order (in a chord). An input that did not succeed and was passed over is undefined, in a list
 * null; the failure is in `inputsOf`.
 *
 * @throws {PayloadError} `STEM_PAYLOAD_UNREADABLE`
 */
export function payloadOf({ job, inputs }: Pick<Delivery, "job" | "inputs">, codec: Codec, shape?: Shape): unknown {
  const payload = travelled({ job, inputs }, codec);
  return shape === undefined ? payload : shape.decode(payload);
}

/** True unless an input that was passed over left a gap in the payload, which no type allows for. */
export function isWhole({ job, inputs }: Pick<Delivery, "job" | "inputs">): boolean {
  return job.headers?.[FROM_HEADER] === undefined || inputs.every(({ state }) => state === "succeeded");
}

function travelled({ job, inputs }: Pick<Delivery, "job" | "inputs">, codec: Codec): unknown {
  const from = job.headers?.[FROM_HEADER];
  if (from === undefined) return decodePayload(codec, job.payload);
  // In a list null, since undefined cannot travel.
  const gap = from === "one" ? undefined : null;
  const results = inputs.map((input) => (input.state === "succeeded" ? codec.decode(input.result, "result") : gap));
  return from === "one" ? results[0] : results;
}

/** The inputs for a handler: decoded, as JSON. @throws {PayloadError} `STEM_PAYLOAD_UNREADABLE` */
export function inputsOf({ inputs }: Pick<Delivery, "inputs">, codec: Codec): readonly TaskInput[] {
  return inputs.map((input) =>
    input.state === "succeeded" ? { jobId: input.jobId, state: input.state, result: codec.decode(input.result, "result") } : input,
  );
}
