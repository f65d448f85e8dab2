#!/usr/bin/env node
import { keepCode } from "./code-cache.js";

// Before any other import, so that the code loaded after it is compiled once, and not at every call.
keepCode();
const [{ leave, outliveReaders }, { runProgram }] = await Promise.all([import("./leave.js"), import("./program.js")]);
outliveReaders();
await leave(await runProgram(process.argv.slice(2)));
