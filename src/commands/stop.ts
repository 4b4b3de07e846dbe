/** `--stop`: send TERM to the running start_server and wait until it is gone. */
import { findRunning, signalSupervisor } from "./running.ts";

/** Resolves to the exit code. @throws StartError */
export async function stop(pidFile: string, say: (line: string) => void): Promise<number> {
  const supervisor = findRunning("--stop", pidFile);
  say(`stop_server (pid:${process.pid}) stopping now (pid:${supervisor.pid})...`);
  signalSupervisor("--stop", supervisor.pid, "SIGTERM");
  await supervisor.gone();
  return 0;
}
