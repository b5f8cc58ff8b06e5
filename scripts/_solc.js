#!/usr/bin/env node
// Gives npm's solc the two calls that Ape makes of a native solc: `--version` and
// `--standard-json [--base-path DIR]`. The package's own command line prints a line ahead of the
// JSON on stdout, so it cannot stand in.
"use strict";

const fs = require("fs");
const path = require("path");

function main(args) {
  const solc = require("solc");

  if (args.includes("--version")) {
    const title = "solc, the solidity compiler commandline interface";
    process.stdout.write(`${title}\nVersion: ${solc.version()}\n`);
    return;
  }
  if (!args.includes("--standard-json")) {
    process.stderr.write("this solc knows only --version and --standard-json [--base-path DIR]\n");
    process.exitCode = 1;
    return;
  }

  const at = args.indexOf("--base-path");
  const base = at === -1 ? process.cwd() : path.resolve(args[at + 1]);
  const readImport = (name) => {
    try {
      return { contents: fs.readFileSync(path.resolve(base, name), "utf8") };
    } catch (error) {
      return { error: error.message };
    }
  };
  const input = fs.readFileSync(0, "utf8");
  // One synchronous write loop: process.exit would cut an asynchronous write to a pipe short.
  const output = Buffer.from(solc.compile(input, { import: readImport }), "utf8");
  for (let done = 0; done < output.length; ) {
    try {
      done += fs.writeSync(1, output, done);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

main(process.argv.slice(2));
