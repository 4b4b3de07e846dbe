/** `npm run package`: makes dist/npm, what the npm package ships: JavaScript for Node and Bun, and types. */
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bun, install, must, root } from "./tools.mjs";

/** Sources whose declarations the interface consists of. */
const DECLARED = ["index", "worker", "config/usage-error", "system/errors"];

install();
const out = join(root, "dist", "npm");
rmSync(out, { recursive: true, force: true });
must(bun(), [
  ...["build", "src/index.ts", "src/worker.ts", "--outdir=dist/npm", "--target=bun", "--splitting"],
  ...["--external=citty", "--external=consola/core"],
]);
must("node_modules/.bin/tsc", [
  ...DECLARED.map((name) => `src/${name}.ts`),
  ...[
    "--declaration",
    "--emitDeclarationOnly",
    "--rootDir",
    "src",
    "--outDir",
    "dist/npm",
    "--ignoreConfig",
  ],
  ...[
    "--module",
    "Preserve",
    "--moduleResolution",
    "bundler",
    "--target",
    "ES2024",
    "--strict",
    "--types",
    "bun",
  ],
  ...["--allowImportingTsExtensions", "--skipLibCheck"],
]);
for (const file of readdirSync(out, { recursive: true })) {
  if (!file.endsWith(".d.ts")) continue;
  const path = join(out, file);
  if (!DECLARED.includes(file.slice(0, -".d.ts".length))) {
    rmSync(path);
    continue;
  }
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
}
