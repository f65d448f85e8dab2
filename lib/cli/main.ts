#!/usr/bin/env node
import { keepCode } from "./code-cache.js";

// Before anything else is loaded: what comes after it is made ready once, and not at every call.
keepCode();
const [{ leave, outliveReaders }, { runProgram }] = await Promise.all([import("./leave.js"), import("./program.js")]);
outliveReaders();
await leave(await runProgram(process.argv.slice(2)));
