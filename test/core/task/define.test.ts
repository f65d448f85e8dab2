import { describe, expect, it } from "@jest/globals";
import { defineTask } from "../../../lib/core/task/define.js";
import type { TaskOptions } from "../../../lib/core/task/task.js";
import { stepPlanOf } from "../../../lib/core/workflow/steps.js";

const define = (options: unknown): unknown =>
  defineTask({ name: "mail.send", kind: "task", where: "SendMail.run", run: () => 1 }, options as TaskOptions);

function refusal(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

describe("The options of a task or step", () => {
  it.each([
    [{ retry: { backof: 5 } }, "STEM_OPTION_UNKNOWN", 'There is no option "backof" of the retry of task "mail.send" (SendMail.run).'],
    [{ retry: "x" }, "STEM_OPTION_INVALID", 'The retry of task "mail.send" (SendMail.run) is "x".'],
    [{ retry: null }, "STEM_OPTION_INVALID", 'The retry of task "mail.send" (SendMail.run) is null.'],
    [{ retry: [3] }, "STEM_OPTION_INVALID", 'The retry of task "mail.send" (SendMail.run) is [3].'],
    [{ retry: NaN }, "STEM_OPTION_INVALID", "are NaN."],
    [{ retry: { attempts: -Infinity } }, "STEM_OPTION_INVALID", "are -Infinity."],
    [{ retry: [NaN] }, "STEM_OPTION_INVALID", 'The retry of task "mail.send" (SendMail.run) is ["NaN"].'],
    [{ timeout: NaN }, "STEM_DURATION_INVALID", 'The timeout of task "mail.send" (SendMail.run) is NaN, which is not a duration.'],
    [
      { timeout: Infinity },
      "STEM_DURATION_INVALID",
      'The timeout of task "mail.send" (SendMail.run) is Infinity, which is not a duration.',
    ],
    [{ priority: NaN }, "STEM_OPTION_INVALID", "is NaN."],
    ["5 tries", "STEM_OPTION_INVALID", 'The options of task "mail.send" (SendMail.run) are "5 tries".'],
  ])("%j of a task is refused as what it is", (options, code, message) => {
    expect(refusal(() => define(options))).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it.each([
    [{ retry: "x" }, "STEM_OPTION_INVALID", 'The retry of step "charge" is "x".'],
    [{ retry: { backof: 5 } }, "STEM_OPTION_UNKNOWN", 'There is no option "backof" of the retry of step "charge".'],
    [3, "STEM_OPTION_INVALID", 'The options of step "charge" are 3.'],
  ])("%j of a step is refused as what it is", (options, code, message) => {
    expect(refusal(() => stepPlanOf("charge", options as never))).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
