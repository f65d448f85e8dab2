#!/usr/bin/env node
import module from "node:module";
import { leave, outliveReaders } from "./leave.js";
import { runProgram } from "./program.js";

// From Node 22.1 on: what a command loads, the compiler above all, is made ready once and not at every call. Where it cannot be kept, it is not.
(module as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.();

outliveReaders();
await leave(await runProgram(process.argv.slice(2)));
