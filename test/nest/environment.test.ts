import { describe, expect, it } from "@jest/globals";
import { workerOverrides } from "../../lib/nest/worker-environment.js";

const said = (queues?: string, concurrency?: string): object => workerOverrides({ queues, concurrency });

describe("STEM_QUEUES and STEM_CONCURRENCY", () => {
  it("say nothing when they are not set or empty", () => {
    expect(said()).toEqual({});
    expect(said(" ", "")).toEqual({});
  });

  it("name queues, with shares if wanted", () => {
    expect(said("mail, images")).toEqual({ queues: ["mail", "images"] });
    expect(said("mail,images=4", "20")).toEqual({ queues: { mail: 10_000, images: 4 }, concurrency: 20 });
  });

  it("are refused with a remedy when they make no sense", () => {
    expect(() => said("mail,,images")).toThrow(/STEM_NAME_INVALID/);
    expect(() => said("mail=many")).toThrow(/whole number of 1 or more: "mail=4"/);
    expect(() => said("mail=4=5")).toThrow(/share of queue "mail" in STEM_QUEUES is "4=5"/);
    expect(() => said(undefined, "0")).toThrow(/STEM_CONCURRENCY is "0"/);
  });
});
