/** A wrong command line costs nothing: one line, exit code 2, and nothing bound, removed or started. */
import { expect, test } from "bun:test";
import { refusal, site } from "./refusal.ts";

const program = ["--", "./worker"];

// What is typed, and how the line that refuses it begins.
test.each([
  [["--frobnicate", ...program], 'Unknown option "--frobnicate": see --help for all options'],
  [["--prot=80", ...program], 'Unknown option "--prot": did you mean --port?'],
  [["--s=x", ...program], 'Option "--s=x" is ambiguous: it could be '],
  [["--port"], "Option --port needs a value: --port=[HOST:]PORT[=FD]"],
  [["--port=", ...program], "Option --port needs a value: "],
  [["--daemonize=yes", ...program], 'Option --daemonize takes no value, but got "yes": '],
  [["--port=http", ...program], "Option --port=http is not a port: "],
  [["--port=:80", ...program], "Option --port=:80 has no host: "],
  [["--port=70000", ...program], "Option --port=70000 has port 70000, but ports end at 65535: "],
  [["--port=[fe80::1%lo]:0", ...program], "Option --port=[fe80::1%lo]:0 has an IPv6 zone, "],
  [["--port=0=1048576", ...program], "Option --port=0=1048576 has descriptor number 1048576, "],
  [
    ["--port=0=7", "--port=u0=7", ...program],
    "Options --port=0=7 and --port=u0=7 ask for the same descriptor number 7: ",
  ],
  [
    ["--rlimit-nofile=16", "--port=0=16", ...program],
    "Option --port=0=16 asks for descriptor number 16, ",
  ],
  [
    ["--rlimit-nofile=3", "--port=0", ...program],
    "Option --port=0 would get descriptor number 3, ",
  ],
  [["--rlimit-nofile=lots", ...program], "Option --rlimit-nofile=lots is not SOFT or SOFT:HARD: "],
  [
    ["--rlimit-nofile=9:8", ...program],
    "Option --rlimit-nofile=9:8 has a soft limit above the hard one: ",
  ],
  [
    [`--path=${"x".repeat(108)}`, ...program],
    `Option --path=${"x".repeat(108)} is too long for a unix socket: `,
  ],
  [["--path=a;b", ...program], 'Option --path=a;b holds ";" or "=", '],
  [
    ["--port=40080", "--port=40080", ...program],
    "Options --port=40080 and --port=40080 ask for the same address: ",
  ],
  [
    ["--port=40080", "--port=127.1:40080", ...program],
    "Options --port=40080 and --port=127.1:40080 ask for ",
  ],
  [
    ["--port=[::1]:40080", "--port=[::]:40080", ...program],
    "Options --port=[::1]:40080 and --port=[::]:40080 ask for ",
  ],
  [["--port=u40080", "--port=127.0.0.1:u40080", ...program], "Options --port=u40080 and "],
  [
    ["--path=x.sock", "--path=./x.sock", ...program],
    "Options --path=x.sock and --path=./x.sock ask for the same address: ",
  ],
  [["--interval=soon", ...program], "Option --interval=soon is not a number of seconds: "],
  [["--interval=-1", ...program], "Option --interval=-1 is not a number of seconds: "],
  [["--backlog=lots", ...program], "Option --backlog=lots is not a whole number: "],
  [["--signal-on-hup=FOO", ...program], "Option --signal-on-hup=FOO is not a signal: "],
  [["--signal-on-term=65", ...program], "Option --signal-on-term=65 is not a signal: "],
  [["--log-file=|", ...program], "Option --log-file=| has no command after the bar: "],
  [["--daemonize", ...program], "Option --daemonize needs --log-file as well: "],
  [["--stop"], "Option --stop needs --pid-file as well: "],
  [
    ["--restart", "--pid-file=pid"],
    "Option --restart needs --pid-file and --status-file as well: ",
  ],
  [
    ["--demo", ...program],
    'Option --demo runs a built-in worker, but a program was given, "./worker": ',
  ],
  [[], "No program given: "],
  [["--port=0", "--pid-file=pid", "--path=x.sock"], "No program given: "],
] as const)("%j", async (args, beginning) => {
  using dir = site();
  const { code, line } = await refusal(dir, args);
  expect({ code, line: line.slice(0, beginning.length) }).toEqual({ code: 2, line: beginning });
});

test("a wrong value in the environment is refused as what it is", async () => {
  using dir = site();
  expect(await refusal(dir, program, { env: { KILL_OLD_DELAY: "soon" } })).toEqual({
    code: 2,
    line: expect.stringMatching(
      /^Environment variable KILL_OLD_DELAY=soon is not a number of seconds: /,
    ),
  });
});

test("nothing is made before everything is understood", async () => {
  using dir = site({ "old.sock": "not a socket", pid: "1\n", status: "1:1\n" });
  const files = [
    "--pid-file=pid",
    "--status-file=status",
    "--path=old.sock",
    "--path=new.sock",
    "--log-file=log",
  ];
  const { code } = await refusal(dir, [...files, "--port=0", "--interval=soon", ...program]);
  expect(code).toBe(2);
});

test("a value cannot break the line or drive the terminal", async () => {
  using dir = site();
  expect(await refusal(dir, ["--port=80\n\u001B[2J\u0007\u009B", ...program])).toEqual({
    code: 2,
    line: expect.stringMatching(/^Option --port=80\\x0a\\x1b\[2J\\x07\\x9b is not a port: /),
  });
});
