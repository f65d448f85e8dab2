import { StemError } from "../../contract/errors.js";

/** The error of `start` after `stop`: workers and beats start once. */
export function stoppedError(what: "worker" | "beat"): StemError {
  return new StemError("STEM_CLOSED", `This ${what} has been stopped.`, "Make a new one to go on.");
}
