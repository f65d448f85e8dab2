import { beforeAll, expect, it } from "@jest/globals";
import { Pool, type PoolClient } from "pg";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import { describeShared, sharedPostgres } from "../../servers/index.js";

describeShared("postgres")("A connection that is cut", () => {
  let url: string;

  beforeAll(async () => {
    url = await sharedPostgres();
  });

  it("while it is lent, between two queries, does not end the process", async () => {
    const pool = new Pool({ connectionString: url });
    const adapter = postgres(pool, { schema: `cut_${process.pid}` });
    await adapter.open();
    const lent: PoolClient[] = [];
    pool.on("acquire", (client) => lent.push(client));
    await adapter.queues.list();
    const again = await pool.connect();
    // Whoever has it now is not the adapter; what the adapter has left behind is what listens.
    const isHeard = again.emit("error", new Error("terminating connection"));
    again.release();
    expect({ same: lent[0] === again, isHeard }).toEqual({ same: true, isHeard: true });
    await adapter.close();
    const last = await pool.connect();
    await last.query(`SET client_min_messages = warning; DROP SCHEMA cut_${process.pid} CASCADE`);
    last.release();
    await pool.end();
  });

  it("in the very turn in which it is lent does not end the process", async () => {
    const pool = new Pool({ connectionString: url });
    const schema = `cut_again_${process.pid}`;
    const adapter = postgres(pool, { schema });
    await adapter.open();
    const heard: boolean[] = [];
    // What a shutdown does whose word comes together with the end of the handshake: it is read before whoever
    // asked for the client has got it.
    pool.on("acquire", (client) => process.nextTick(() => heard.push(client.listenerCount("error") > 0)));
    await Promise.all(Array.from({ length: 5 }, () => adapter.queues.list()));
    expect(heard).toEqual([true, true, true, true, true]);
    await adapter.close();
    await pool.query(`SET client_min_messages = warning; DROP SCHEMA ${schema} CASCADE`);
    await pool.end();
  });
});
