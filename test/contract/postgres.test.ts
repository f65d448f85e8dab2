import { beforeAll } from "@jest/globals";
import { Client, Pool } from "pg";
import { postgres } from "../../lib/adapters/postgres/index.js";
import type { Adapter } from "../../lib/contract/index.js";
import { describeShared, sharedPostgres } from "../servers/index.js";
import { runLaws } from "./run-laws.js";

describeShared("postgres")("on a server", () => {
  let url: string;
  let serial = 0;
  const pools: Record<string, Pool> = {};

  beforeAll(async () => {
    url = await sharedPostgres();
  });

  runLaws("postgres", {
    async open() {
      const schema = `laws_${process.pid}_${++serial}`;
      const opened: Adapter[] = [];
      const open = async (): Promise<Adapter> => {
        const adapter = postgres(url, { schema });
        await adapter.open();
        opened.push(adapter);
        return adapter;
      };
      return {
        adapter: await open(),
        other: open,
        async transaction() {
          const pool = (pools[schema] ??= new Pool({ connectionString: url, max: 2 }));
          const client = await pool.connect();
          await client.query("BEGIN");
          const end = async (how: string): Promise<void> => {
            await client.query(how);
            client.release();
          };
          return { handle: client, outside: pool, commit: () => end("COMMIT"), rollback: () => end("ROLLBACK") };
        },
        async close() {
          for (const adapter of opened) await adapter.close();
          await pools[schema]?.end();
          const client = new Client(url);
          await client.connect();
          await client.query(`SET client_min_messages = warning; DROP SCHEMA "${schema}" CASCADE`);
          await client.end();
        },
      };
    },
  });
});
