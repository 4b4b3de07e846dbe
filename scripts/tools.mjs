/** What the npm scripts share: the packages are installed on first use, and Bun is found among them. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Run a command in the project's root; a failure ends the script with its exit code. */
export function must(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs what package-lock.json names, unless it is there already. */
export function install() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (existsSync(installed) && findBun() !== null) return;
  // Not `npm ci`: it refuses a lock file that does not name every other platform's optional packages.
  must("npm", ["install", "--no-save", "--loglevel=error"]);
}

/** The path of the pinned Bun. */
export function bun() {
  const found = findBun();
  if (found === null) {
    console.error(
      `No Bun for ${process.platform} ${process.arch} among the installed packages: run "npm install"`,
    );
    process.exit(1);
  }
  return found;
}

/** The installed `bun` package holds the binary when its install script ran, else the platform's package does. */
function findBun() {
  const modules = join(root, "node_modules");
  const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.bun;
  const platform = `${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
  const variants = ["", "-baseline", "-musl", "-musl-baseline"];
  const candidates = [
    join(modules, "bun", "bin", "bun.exe"),
    ...variants.map((variant) => join(modules, "@oven", `bun-${platform}${variant}`, "bin", "bun")),
  ];
  return candidates.find((path) => runsAs(path, version)) ?? null;
}

/** A binary for another processor or C library does not run. */
function runsAs(path, version) {
  return spawnSync(path, ["--version"], { encoding: "utf8" }).stdout?.trim() === version;
}
