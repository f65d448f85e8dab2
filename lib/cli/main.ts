#!/usr/bin/env node
import { runProgram } from "./program.js";

// An app may leave handles open; the command is over when it is over.
process.exit(await runProgram(process.argv.slice(2)));
