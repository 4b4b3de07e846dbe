/**
 * Every deliberate difference from Server::Starter 0.35. The page in the README is made of this list, and
 * `exceptions.test.ts` shows each with both programs.
 */
export interface Exception {
  readonly title: string;
  readonly perl: string;
  readonly ours: string;
}

export type ExceptionId =
  | "options end at the program"
  | "missing program"
  | "failing program"
  | "hup during a proof"
  | "death during a soak"
  | "quit, usr1 and usr2"
  | "a file at the path"
  | "a second instance"
  | "a stale pid file"
  | "a restart whose first try fails"
  | "envdir variables that go"
  | "a dead log command"
  | "a stalled reader"
  | "a killed master"
  | "a daemon's return"
  | "socket numbers"
  | "a second udp socket"
  | "signals ignored"
  | "an inherited limit"
  | "a deploy report"
  | "usage errors"
  | "decimal seconds";

export const exceptions: Readonly<Record<ExceptionId, Exception>> = {
  "options end at the program": {
    title: "Options end at the program's name",
    perl: "takes options from behind the program's name, unless `--` stands before it",
    ours: "leaves the program its own options",
  },
  "missing program": {
    title: "A program that cannot be found or run at the first start",
    perl: "is tried again for ever",
    ours: "ends it with 127 or 126; `--wait-for-program` brings the trying back",
  },
  "failing program": {
    title: "A program that fails at once with `--interval=0`",
    perl: "is started as often as the processor allows",
    ours: "is started ten times a second at the most; after five tries the pauses double up to 30 seconds",
  },
  "hup during a proof": {
    title: "A HUP while a new worker proves itself",
    perl: "takes the new worker for good at once, and tells the old one to leave",
    ours: "is one more deploy after this one",
  },
  "death during a soak": {
    title: "A new worker that dies during `--kill-old-delay`",
    perl: "is replaced, and the old one is told to leave all the same",
    ours: "costs the old one nothing: it stays current",
  },
  "quit, usr1 and usr2": {
    title: "QUIT, USR1 and USR2",
    perl: "kill it, and its workers are left behind",
    ours: "QUIT stops it as TERM does, USR1 reopens `--log-file`, USR2 is logged",
  },
  "a file at the path": {
    title: "A file at `--path` that is no socket",
    perl: "is deleted",
    ours: "is refused",
  },
  "a second instance": {
    title: "A second one on the same pid file",
    perl: "empties the file and waits for the first to end",
    ours: "is refused, and the file stays",
  },
  "a stale pid file": {
    title: "`--stop` on a pid file whose owner is dead",
    perl: "sends TERM to whoever has that pid now",
    ours: "says that it is not running, exit code 1",
  },
  "a restart whose first try fails": {
    title: "`--restart` when the first try fails",
    perl: "never returns, not even when a later try works",
    ours: "says that a try failed, and returns when a later one works; with 3 after a minute without one",
  },
  "envdir variables that go": {
    title: "A variable whose file is removed from the envdir",
    perl: "stays in the next worker when it came from the first reading",
    ours: "is gone from the next worker",
  },
  "a dead log command": {
    title: "A `--log-file` command that dies",
    perl: "is gone for good, and workers that write die of SIGPIPE or lose their lines",
    ours: "is started again on the same pipe",
  },
  "a stalled reader": {
    title: "A reader of stderr that stalls",
    perl: "stalls every deploy",
    ours: "stalls nothing: lines wait, and are dropped and counted when they are too many",
  },
  "a killed master": {
    title: "Children of a prefork master that was killed",
    perl: "serve the old code on, unseen, through every deploy",
    ours: "are named, listed in the status file, and told to leave once a successor is current",
  },
  "a daemon's return": {
    title: "`--daemonize`",
    perl: "returns at once, before the pid file is there and whether the start works or not",
    ours: "returns when the daemon can be talked to, or fails with the reason",
  },
  "socket numbers": {
    title: "Numbers of sockets that ask for none",
    perl: "are those that happen to be free, from 4 on",
    ours: "are 3, 4, … around those asked for and those of the launcher",
  },
  "a second udp socket": {
    title: "A UDP port that is in use",
    perl: "is bound a second time, and the second takes the datagrams",
    ours: "is refused",
  },
  "signals ignored": {
    title: "QUIT, USR1 and USR2 when the launcher ignores them, as a script's `&` does with QUIT",
    perl: "are ignored by the workers, too",
    ours: "are at their default in the workers",
  },
  "an inherited limit": {
    title:
      "The soft limit on open files, when the launcher's own is another: `ulimit -Sn 512; exec start_server`",
    perl: "reaches the worker",
    ours: "is the hard limit in the worker; set `--rlimit-nofile`",
  },
  "a deploy report": {
    title: "Beside the status file",
    perl: "is nothing",
    ours: "is `FILE.deploy`, JSON, removed at exit",
  },
  "usage errors": {
    title: "The exit code of a wrong option or value",
    perl: "is 1",
    ours: "is 2",
  },
  "decimal seconds": {
    title: "Decimals in `--interval` and other times",
    perl: "are refused",
    ours: "are allowed",
  },
};
