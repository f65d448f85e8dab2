// A process that listens, and closes its store when it is asked to end: node child.mjs URL SCHEMA. Speaks in
// lines on stdout.
import { postgres } from "../../../dist/lib/adapters/postgres/index.js";

const [connectionString, schema] = process.argv.slice(2);
// Nothing but the connection that listens is to be there in the end, and that keeps no process alive.
const adapter = postgres({ connectionString, idleTimeoutMillis: 1 }, { schema });
const busy = setInterval(() => {}, 1_000);
await adapter.open();
await new Promise((up) => adapter.hints.subscribe(up, ["work"]));
const asked = new Promise((stop) => process.once("SIGTERM", stop));
process.stdout.write("up\n");
await asked;
clearInterval(busy);
await adapter.close();
process.stdout.write("closed\n");
