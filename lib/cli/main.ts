#!/usr/bin/env node
import module from "node:module";
import { runProgram } from "./program.js";

// From Node 22.1 on: what a command loads, the compiler above all, is made ready once and not at every call. Where it cannot be kept, it is not.
(module as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.();

// An app may leave handles open; the command is over when it is over.
process.exit(await runProgram(process.argv.slice(2)));
