/**
 * The one table of options. The command line, `--help` and the README's section are built from it, so
 * that an option is described in one place only.
 */

/**
 * - `text`: any non-empty string.
 * - `count`: a whole number, 0 or more.
 * - `seconds`: a number of seconds, 0 or more, decimals allowed.
 * - `signal`: a signal's name, with or without SIG, in any case, or its number.
 * - `flag`: takes no value.
 */
export type OptionType = "text" | "count" | "seconds" | "signal" | "flag";

export type OptionGroup = "sockets" | "worker" | "deploy" | "files" | "commands";

export type OptionName =
  | "port"
  | "path"
  | "backlog"
  | "dir"
  | "envdir"
  | "rlimit-nofile"
  | "wait-for-program"
  | "interval"
  | "signal-on-hup"
  | "signal-on-term"
  | "kill-old-delay"
  | "enable-auto-restart"
  | "auto-restart-interval"
  | "pid-file"
  | "status-file"
  | "log-file"
  | "daemonize"
  | "restart"
  | "stop"
  | "demo"
  | "help"
  | "version"
  | "demo-worker";

export interface Option {
  readonly name: OptionName;
  readonly type: OptionType;
  readonly group: OptionGroup;
  /** What stands for the value in help. */
  readonly placeholder?: string;
  /** May be given more than once; all values count. */
  readonly repeats?: true;
  /** The environment variable that sets it too; the option beats it. */
  readonly env?: string;
  /** The default, in words for the reader where it is not a plain value. */
  readonly defaultText?: string;
  /** An empty word after it means none, as in `--pid-file "$UNSET"`: 0.35 takes it so. */
  readonly mayBeEmpty?: true;
  /** Known to Server::Starter 0.35: unique prefixes of these names are accepted. */
  readonly perl?: true;
  /** Not for users: left out of help. */
  readonly hidden?: true;
  /** One or two sentences, without a period at the end. */
  readonly help: string;
}

export const options: readonly Option[] = [
  {
    name: "port",
    type: "text",
    group: "sockets",
    placeholder: "[HOST:]PORT[=FD]",
    repeats: true,
    perl: true,
    help: "Listen on a TCP port, or on a UDP port written uPORT. Without HOST on 0.0.0.0; IPv6 as [::1]:80. =FD gives the worker the socket at that descriptor number",
  },
  {
    name: "path",
    type: "text",
    group: "sockets",
    placeholder: "PATH",
    repeats: true,
    perl: true,
    help: "Listen on a unix socket at PATH. A stale socket there is replaced, any other file is refused",
  },
  {
    name: "backlog",
    type: "count",
    group: "sockets",
    placeholder: "N",
    defaultText: "4096",
    perl: true,
    help: "Connections that may wait to be accepted, bounded by the kernel's somaxconn",
  },
  {
    name: "dir",
    type: "text",
    group: "worker",
    placeholder: "DIR",
    perl: true,
    help: "Working directory of the worker, looked up anew before each start (a symlink may have moved)",
  },
  {
    name: "envdir",
    type: "text",
    mayBeEmpty: true,
    group: "worker",
    placeholder: "DIR",
    env: "ENVDIR",
    perl: true,
    help: "Directory with a file per environment variable, its first line the value, read before each start",
  },
  {
    name: "rlimit-nofile",
    type: "text",
    group: "worker",
    placeholder: "SOFT[:HARD]",
    defaultText: "as start_server found it",
    help: "Limit on open files that the worker starts with",
  },
  {
    name: "wait-for-program",
    type: "flag",
    group: "worker",
    help: "At the first start, keep trying when the program cannot be found or run, instead of exiting with 127 or 126",
  },
  {
    name: "interval",
    type: "seconds",
    group: "deploy",
    placeholder: "SECONDS",
    defaultText: "1",
    perl: true,
    help: "How long a new worker must live to be taken for good, and the least time between two tries",
  },
  {
    name: "signal-on-hup",
    type: "signal",
    mayBeEmpty: true,
    group: "deploy",
    placeholder: "SIGNAL",
    defaultText: "TERM",
    perl: true,
    help: "Signal that tells the old worker to leave after a deploy",
  },
  {
    name: "signal-on-term",
    type: "signal",
    mayBeEmpty: true,
    group: "deploy",
    placeholder: "SIGNAL",
    defaultText: "TERM",
    perl: true,
    help: "Signal that tells all workers to leave when start_server gets TERM or QUIT",
  },
  {
    name: "kill-old-delay",
    type: "seconds",
    group: "deploy",
    placeholder: "SECONDS",
    env: "KILL_OLD_DELAY",
    defaultText: "0, or 5 with --enable-auto-restart",
    perl: true,
    help: "How long the old worker is kept beside the new one. If the new one dies meanwhile, the old one stays",
  },
  {
    name: "enable-auto-restart",
    type: "flag",
    group: "deploy",
    env: "ENABLE_AUTO_RESTART",
    perl: true,
    help: "Deploy again by itself from time to time",
  },
  {
    name: "auto-restart-interval",
    type: "seconds",
    group: "deploy",
    placeholder: "SECONDS",
    env: "AUTO_RESTART_INTERVAL",
    defaultText: "360",
    perl: true,
    help: "Time between automatic restarts",
  },
  {
    name: "pid-file",
    type: "text",
    mayBeEmpty: true,
    group: "files",
    placeholder: "FILE",
    perl: true,
    help: "Keep the pid of start_server in FILE, locked as long as it runs",
  },
  {
    name: "status-file",
    type: "text",
    mayBeEmpty: true,
    group: "files",
    placeholder: "FILE",
    perl: true,
    help: "Keep a line `generation:pid` for each live worker in FILE, and the state of the last deploy in FILE.deploy",
  },
  {
    name: "log-file",
    type: "text",
    mayBeEmpty: true,
    group: "files",
    placeholder: 'FILE|"| CMD"',
    perl: true,
    help: "Append everybody's stdout and stderr to FILE, or pipe them to a shell command. USR1 reopens the file",
  },
  {
    name: "daemonize",
    type: "flag",
    group: "files",
    perl: true,
    help: "Go to the background; needs --log-file",
  },
  {
    name: "restart",
    type: "flag",
    group: "commands",
    perl: true,
    help: "Deploy: send HUP to the running start_server and wait until the new generation is current and the old ones are gone. Needs --pid-file and --status-file",
  },
  {
    name: "stop",
    type: "flag",
    group: "commands",
    perl: true,
    help: "Send TERM to the running start_server and wait until it is gone. Needs --pid-file",
  },
  {
    name: "demo",
    type: "flag",
    group: "commands",
    help: "Run a built-in HTTP worker in place of a program",
  },
  {
    name: "help",
    type: "flag",
    group: "commands",
    perl: true,
    help: "Print this help",
  },
  {
    name: "version",
    type: "flag",
    group: "commands",
    perl: true,
    help: "Print the version",
  },
  {
    name: "demo-worker",
    type: "flag",
    group: "commands",
    hidden: true,
    help: "Be the worker of --demo",
  },
];
