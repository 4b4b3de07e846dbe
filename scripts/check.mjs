/** `npm run check`: the whole gate. With `--static`, what needs no test run. */
import { install, must } from "./tools.mjs";

install();
const tool = (name, ...args) => must(`node_modules/.bin/${name}`, args);

tool("oxfmt", "--check");
tool("oxlint");
tool("tsc", "--project", ".");
// The core is checked without any type of the runtime: it cannot do what it cannot name.
tool("tsc", "--project", "src/supervisor");
tool("knip");
if (!process.argv.includes("--static")) must("node", ["scripts/test.mjs"]);
