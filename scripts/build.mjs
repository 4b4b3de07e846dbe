/** `npm run build`: makes dist/start_server. */
import { bun, install, must } from "./tools.mjs";

install();
must(bun(), [
  "build",
  "src/main.ts",
  "--compile",
  "--minify",
  "--bytecode",
  // citty's import.meta needs it: with bytecode the default is another.
  "--format=esm",
  // What a command does not use is not loaded, not even the runtime's own modules that it would import.
  "--splitting",
  // A supervisor works for a few milliseconds a day: what compiling its code takes would never pay.
  "--compile-jit-policy=1000",
  // No file in the working directory may change what the program does.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--outfile=dist/start_server",
]);
