import { alongFaults } from "./along.faults.js";
import { anewFaults } from "./anew.faults.js";
import { brokerFaults } from "./broker.faults.js";
import { canvasFaults } from "./canvas.faults.js";
import { changeFaults } from "./changes.faults.js";
import { endsFaults } from "./ends.faults.js";
import type { Faults } from "./fault.js";
import { idFaults } from "./ids.faults.js";
import { jobFaults } from "./jobs.faults.js";
import { noteFaults } from "./notes.faults.js";
import { queueFaults } from "./queues.faults.js";
import { rewriteFaults } from "./rewrite.faults.js";
import { runFaults } from "./runs.faults.js";
import { scheduleFaults } from "./schedules.faults.js";
import { storeFaults } from "./stores.faults.js";
import { textFaults } from "./texts.faults.js";
import { transactionFaults } from "./transactions.faults.js";
import { uniqueFaults } from "./unique.faults.js";

export type { Fault, Faults } from "./fault.js";

/** Every fault we know how to make. */
export const faults: Faults = {
  ...idFaults,
  ...jobFaults,
  ...brokerFaults,
  ...queueFaults,
  ...canvasFaults,
  ...changeFaults,
  ...endsFaults,
  ...runFaults,
  ...rewriteFaults,
  ...anewFaults,
  ...noteFaults,
  ...alongFaults,
  ...scheduleFaults,
  ...storeFaults,
  ...textFaults,
  ...transactionFaults,
  ...uniqueFaults,
};
