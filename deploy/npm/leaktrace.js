#!/usr/bin/env node
// Starts the program that the package for this platform carries, with the same arguments, input and
// output, and ends as it ends.
"use strict";

const { spawnSync } = require("node:child_process");

const platform = `${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "leaktrace.exe" : "leaktrace";

let program;
try {
  program = require.resolve(`@leaktrace/${platform}/bin/${file}`);
} catch {
  console.error(
    `leaktrace: there is no program for ${platform} here. Either none is released for it, or ` +
      "packages were installed without optional ones (--omit=optional).",
  );
  process.exit(2);
}

const run = spawnSync(program, process.argv.slice(2), { stdio: "inherit", windowsHide: true });
if (run.error) {
  console.error(`leaktrace: ${run.error.message}`);
  process.exit(2);
}
if (run.signal) {
  process.kill(process.pid, run.signal);
}
process.exit(run.status ?? 2);
