/**
 * Life without `bun:ffi`, where writable-executable memory is refused: what cannot be had is refused at
 * start when it was asked for, and named in one line when it was not.
 */
import type { Config } from "../config/parse.ts";
import { StartError } from "./errors.ts";

/** @throws StartError for what needs libc. */
export function refuseWithoutLibc(config: Config): void {
  const udp = config.sockets.find((socket) => socket.kind === "udp");
  const wanted = [
    ...(udp === undefined ? [] : [udp.option]),
    ...(config.rlimitNofile === null ? [] : ["--rlimit-nofile"]),
    ...(config.daemonize ? ["--daemonize"] : []),
    ...(config.logFile?.kind === "command" ? ["--log-file with a command"] : []),
  ];
  if (wanted.length === 0) return;
  throw new StartError(
    `Cannot have ${wanted.join(", ")} here: writable-executable memory is refused (MemoryDenyWriteExecute=yes?), and with it bun:ffi`,
  );
}

export function reducedServiceLine(config: Config): string {
  const lost = [
    "listening sockets stay non-blocking with a backlog of 512",
    "workers start with SIGPIPE at its default and the limit on open files raised",
    "environment and arguments that are not UTF-8 change",
    "orphans go to init",
    ...(config.pidFile === null ? [] : ["the pid file is locked by flock(1) if that is installed"]),
  ];
  return `writable-executable memory is refused here, so the service is reduced: ${lost.join("; ")}`;
}

/** flock(1) locks the open file that it shares with us; the lock stays when it has exited. */
export function lockWithoutLibc(fd: number): boolean {
  try {
    const { exitCode } = Bun.spawnSync(["flock", "--exclusive", "--nonblock", "3"], {
      stdio: ["ignore", "ignore", "ignore", fd],
    });
    return exitCode !== 1;
  } catch {
    return true;
  }
}
