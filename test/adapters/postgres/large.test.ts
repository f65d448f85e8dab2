import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { Client } from "pg";
import { describeShared } from "../../servers/index.js";
import { PostgresBench } from "./bench.js";

describeShared("postgres")("Records of many jobs that are large", () => {
  let bench: PostgresBench;
  beforeAll(async () => void (bench = await PostgresBench.start("large")));
  afterAll(() => bench.stop());

  it("come in several answers of some eight megabytes, in the order asked for, those that are not there among them; small ones all together", async () => {
    const adapter = await bench.open();
    const large = bench.jobs(60, { payload: JSON.stringify("x".repeat(900_000)) });
    for (let from = 0; from < 60; from += 8) await adapter.broker.enqueue(large.slice(from, from + 8));
    const small = bench.jobs(600);
    await adapter.broker.enqueue(small);
    const answers: number[] = [];
    type Query = (this: Client, asked: { readonly text: string }) => Promise<{ readonly rows: readonly unknown[] }>;
    const query = Client.prototype.query as unknown as Query;
    const spy = jest.spyOn(Client.prototype, "query").mockImplementation(function (this: Client, asked: { readonly text: string }) {
      const answer = query.call(this, asked);
      if (asked.text.includes("j.payload")) void answer.then(({ rows }) => answers.push(rows.length));
      return answer;
    } as never);
    try {
      const ids = large.map(({ id }) => id);
      const asked = [...ids.slice(0, 30), "nobody", ...ids.slice(30)];
      expect((await adapter.jobs.get(asked)).map((record) => record?.id)).toEqual(asked.map((id) => (id === "nobody" ? undefined : id)));
      expect(answers.reduce((a, b) => a + b, 0)).toBe(60);
      expect(Math.max(...answers)).toBeLessThanOrEqual(10);
      const many = small.map(({ id }) => id);
      for (let n = 0; n < 3; n++) await adapter.jobs.get(many);
      answers.length = 0;
      expect((await adapter.jobs.get(many)).every((record, at) => record?.id === many[at])).toBe(true);
      expect(answers).toEqual([600]);
    } finally {
      spy.mockRestore();
    }
  });
});
