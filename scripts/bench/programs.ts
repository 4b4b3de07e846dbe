/** What is measured: this program, Perl's where it is installed, and an empty Bun program as the reference. */
import { existsSync, openSync, readSync, closeSync, writeFileSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import { join, resolve } from "node:path";

export interface Program {
  readonly command: readonly string[];
  readonly version: string;
}

export interface Programs {
  readonly ours: Program;
  readonly perl: Program | null;
  /** A compiled program that does nothing: what the runtime itself takes. */
  readonly empty: Program;
}

export function findPrograms(ours: string, scratch: string): Programs {
  const file = resolve(ours);
  if (!existsSync(file)) throw new Error(`There is no ${ours}: npm run build makes it`);
  const perl = findPerls();
  return {
    ours: { command: [file], version: output([file, "--version"]) },
    perl: perl === null ? null : { command: [perl], version: output([perl, "--version"]) },
    empty: { command: [buildEmpty(scratch)], version: Bun.version },
  };
}

/** What the figures depend on, and nothing that tells one host from another. */
export function facts({ ours, perl }: Programs, quick: boolean): string[] {
  const kernel = /^\d+\.\d+/.exec(release())?.[0] ?? "unknown";
  const perlVersion = perl === null ? null : output(["perl", "-e", "printf '%vd', $^V"]);
  return [
    [
      `start_server ${ours.version} on Bun ${Bun.version}`,
      ...(perl === null ? [] : [`Server::Starter ${perl.version} on Perl ${perlVersion}`]),
      `Linux ${kernel} ${process.arch}`,
      `${availableParallelism()} CPUs`,
    ].join(", "),
    ...(perl === null
      ? ["Perl's start_server is not installed (Debian: libserver-starter-perl), so it is left out"]
      : []),
    ...(quick ? ["--quick: too few runs to quote"] : []),
  ];
}

/** Built like ours. */
function buildEmpty(scratch: string): string {
  const source = join(scratch, "empty.ts");
  const file = join(scratch, "empty");
  writeFileSync(source, "");
  output([
    ...[process.execPath, "build", source, "--compile", "--minify", "--bytecode", "--format=esm"],
    ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig", `--outfile=${file}`],
  ]);
  return file;
}

/** The first `start_server` on the PATH that is a Perl script: ours may be installed there too. */
function findPerls(): string | null {
  const directories = (Bun.env["PATH"] ?? "").split(":").filter(Boolean);
  const files = directories.map((directory) => join(directory, "start_server"));
  return files.find((file) => /^#!.*perl/.test(beginning(file))) ?? null;
}

function beginning(file: string): string {
  try {
    const fd = openSync(file, "r");
    try {
      const bytes = new Uint8Array(64);
      return new TextDecoder("latin1").decode(bytes.subarray(0, readSync(fd, bytes)));
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}

function output(command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${stderr.toString().trim()}`);
  return stdout.toString().trim();
}
