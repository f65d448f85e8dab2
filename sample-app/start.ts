// Opens the shop and keeps it open: `npm start`, or `npm start -- --store redis` with a server of its own.
import { openStore } from "./demo/store.js";
import { MissingServer } from "./demo/servers.js";
import { shopFolder } from "./src/shop/files.js";

try {
  const { name, where, env } = await openStore(process.argv.slice(2), shopFolder);
  console.log(`The shop's jobs are on ${name}: ${where}.`);
  // Always the same name, so that a shop on a server that stays finds its jobs again.
  Object.assign(process.env, env, { STEM_STORE_NAME: process.env["STEM_STORE_NAME"] ?? "shop" });
  await import("./src/main.js");
} catch (error) {
  console.error(error instanceof MissingServer ? error.message : error);
  process.exitCode = 1;
}
