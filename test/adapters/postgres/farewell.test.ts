import { beforeAll, expect, it } from "@jest/globals";
import { Client } from "pg";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import type { Hint } from "../../../lib/contract/index.js";
import { describeShared, sharedPostgres } from "../../servers/index.js";

describeShared("postgres")("A process that enqueues and ends", () => {
  let url: string;

  beforeAll(async () => {
    url = await sharedPostgres();
  });

  it("is heard by the others all the same", async () => {
    const schema = `farewell_${process.pid}`;
    const listener = postgres(url, { schema });
    await listener.open();
    try {
      const heard: Hint[] = [];
      let come = (): void => {};
      // Until the connection that listens is up: it tells everything once, since something may have been
      // missed.
      const up = new Promise<void>((resolve) => (come = resolve));
      listener.hints.subscribe((hint) => (heard.push(hint), come()), ["work"]);
      await up;
      for (const queue of ["a", "b", "c"]) {
        const came = new Promise<void>((resolve) => (come = resolve));
        const producer = postgres(url, { schema });
        await producer.open();
        // Two calls, so that the second notice has to wait for its turn.
        await producer.broker.enqueue([{ id: `${queue}-1`, task: "t", queue: "other", payload: "" }]);
        await producer.broker.enqueue([{ id: `${queue}-2`, task: "t", queue, payload: "" }]);
        await producer.close();
        await came;
        while (!heard.some((hint) => hint.kind === "work" && hint.queues?.includes(queue) === true))
          await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(heard.length).toBeGreaterThanOrEqual(4);
    } finally {
      await listener.close();
      const client = new Client(url);
      await client.connect();
      await client.query(`SET client_min_messages = warning; DROP SCHEMA "${schema}" CASCADE`);
      await client.end();
    }
  });
});
