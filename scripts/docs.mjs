/** `npm run docs`: fills the generated sections of the README. */
import { bun, install, must } from "./tools.mjs";

install();
must(bun(), ["scripts/docs.ts"]);
