import type { Delivery } from "../../contract/job.js";
import type { Codec } from "../codec/codec.js";
import { decodePayload } from "../codec/payload.js";
import type { Shape } from "../codec/shape.js";
import type { TaskInput } from "../task/task.js";

/**
 * Header that says that a job's payload is made of its inputs: `"one"`, the only result; `"all"`, the list of
 * them.
 */
export const FROM_HEADER = "stem-from";

/**
 * What the handler of a delivery gets, revived by its type: the decoded payload, or, for a signature without
 * one, the result of the job before it (in a chain) or the list of results in order (in a chord). In place of
 * an input that did not succeed and was to be passed over stands undefined, in a list null; the failure is in
 * `inputsOf`.
 *
 * @throws {PayloadError} `STEM_PAYLOAD_UNREADABLE`
 */
export function payloadOf({ job, inputs }: Pick<Delivery, "job" | "inputs">, codec: Codec, shape?: Shape): unknown {
  const payload = travelled({ job, inputs }, codec);
  return shape === undefined ? payload : shape.decode(payload);
}

/** True unless an input that was passed over left a gap in the payload, which no type knows of. */
export function isWhole({ job, inputs }: Pick<Delivery, "job" | "inputs">): boolean {
  return job.headers?.[FROM_HEADER] === undefined || inputs.every(({ state }) => state === "succeeded");
}

function travelled({ job, inputs }: Pick<Delivery, "job" | "inputs">, codec: Codec): unknown {
  const from = job.headers?.[FROM_HEADER];
  if (from === undefined) return decodePayload(codec, job.payload);
  // In a list null, which may travel on, where undefined may not.
  const gap = from === "one" ? undefined : null;
  const results = inputs.map((input) => (input.state === "succeeded" ? codec.decode(input.result, "result") : gap));
  return from === "one" ? results[0] : results;
}

/** The inputs as a handler sees them: decoded, as JSON. @throws {PayloadError} `STEM_PAYLOAD_UNREADABLE` */
export function inputsOf({ inputs }: Pick<Delivery, "inputs">, codec: Codec): readonly TaskInput[] {
  return inputs.map((input) =>
    input.state === "succeeded" ? { jobId: input.jobId, state: input.state, result: codec.decode(input.result, "result") } : input,
  );
}
