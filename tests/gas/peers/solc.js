// Standard JSON from stdin to stdout, by the compiler named on the command line: `node solc.js solc-0.8.27`.
// Every source is in the input, so nothing is imported.
"use strict";

const fs = require("fs");
const solc = require(process.argv[2]);

const output = Buffer.from(solc.compile(fs.readFileSync(0, "utf8")), "utf8");
for (let done = 0; done < output.length; ) {
  try {
    done += fs.writeSync(1, output, done);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
  }
}
