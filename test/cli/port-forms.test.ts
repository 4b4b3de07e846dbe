/** Every form of --port and --path, given to Perl's start_server and to ours: the worker finds the same. */
import { describe, expect, test } from "bun:test";
import { lacks } from "../support/packages.ts";
import { ours, perls } from "../support/program.ts";
import { runToEnd } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";
import { site } from "./refusal.ts";

/** Prints a line for each socket in SERVER_STARTER_PORT: its key, type, family, address and options. */
const inspector = `#!/usr/bin/perl
use Socket qw(:all);
use Fcntl;
print "[$ENV{SERVER_STARTER_GENERATION}]\\n";
for (split /;/, $ENV{SERVER_STARTER_PORT}) {
  my ($key, $fd) = /^(.*)=(\\d+)$/ or die $_;
  open my $socket, '+<&=', $fd or die "$fd: $!";
  my ($type, $listens, $reuse) = map { unpack 'i', getsockopt $socket, SOL_SOCKET, $_ } SO_TYPE, SO_ACCEPTCONN, SO_REUSEADDR;
  my $name = getsockname $socket;
  my $family = sockaddr_family $name;
  my $address = $family == AF_UNIX ? unpack_sockaddr_un $name
    : $family == AF_INET ? inet_ntoa((unpack_sockaddr_in $name)[1])
    : inet_ntop(AF_INET6, (unpack_sockaddr_in6 $name)[1]) . ' v6only=' . unpack 'i', getsockopt $socket, IPPROTO_IPV6, IPV6_V6ONLY;
  my $blocks = fcntl($socket, F_GETFL, 0) & O_NONBLOCK ? 0 : 1;
  my $kept = fcntl($socket, F_GETFD, 0) & FD_CLOEXEC ? 0 : 1;
  my $number = $ENV{FIXED} =~ /\\b$fd\\b/ ? $fd : 'any';
  print "$key fd=$number type=$type family=$family address=$address listens=$listens reuse=$reuse blocks=$blocks kept=$kept\\n";
}
$| = 1; print "end\\n";
kill TERM => getppid;
sleep 60;
`;

/** What the worker prints. Numbers in FIXED were asked for; others may differ. */
async function found(command: readonly string[], args: readonly string[]): Promise<string> {
  using dir = tempDir({ worker: inspector });
  const FIXED = args.flatMap((arg) => /=\s*(\d+)\s*$/.exec(arg)?.[1] ?? []).join(" ");
  const options = { command, cwd: dir.path, env: { FIXED } };
  const { code, stdout, stderr } = await runToEnd(
    ["--interval=1", ...args, "--", "./worker"],
    options,
  );
  expect({ code, stderr, end: stdout.endsWith("end\n") }).toMatchObject({ code: 0, end: true });
  return stdout;
}

const accepted = [
  "0",
  "u0",
  "0=20",
  "u0=21",
  " 0 =22 ",
  "00",
  "\t0\n",
  "127.0.0.1:0",
  "127.0.0.1:u0",
  "127.0.0.1:0=23",
  "127.0.0.1:u0=24",
  "127.1:0",
  "0:0",
  "localhost:0",
  "LocalHost:u0",
  "[127.0.0.1]:0",
  "127.0.0.1: 0 =25",
  "[::1]:0",
  "[::1]:u0",
  "[::1]:0=26",
  "[::1]:u0=27",
  "[ ::1]:0",
  "::1:0",
  "[::1:0",
  ":::0",
  "[::]:u0",
];

const refused = [
  "http",
  "",
  "80a",
  "-80",
  "80=",
  "80=x",
  "t80",
  "localhost:",
  "[::1]",
  "x.sock",
  ":0",
  "[zz::1]:0",
  "nosuch.invalid:0",
];

describe.skipIf(lacks("libserver-starter-perl"))("as with Perl's", () => {
  test("all forms at once, in their order, and paths after them", async () => {
    const args = ["--path=b.sock", ...accepted.map((port) => `--port=${port}`), "--path=a.sock"];
    const [own, perl] = await Promise.all([found(ours, args), found(perls, args)]);
    expect(own.split("\n")).toEqual(perl.split("\n"));
    expect(own.split("\n")).toHaveLength(accepted.length + 5);
  });

  test("no sockets", async () => {
    const [own, perl] = await Promise.all([found(ours, []), found(perls, [])]);
    expect(own).toBe(perl);
  });

  test("what Perl refuses, we refuse", async () => {
    using dir = site();
    const codes = await Promise.all(
      refused.map(async (port) => {
        const args = [`--port=${port}`, "--", "./worker"];
        const [own, perl] = await Promise.all([
          runToEnd(args, { cwd: dir.path }),
          runToEnd(args, { cwd: dir.path, command: perls }),
        ]);
        return [port, own.code !== 0, perl.code !== 0];
      }),
    );
    expect(codes).toEqual(refused.map((port) => [port, true, true]));
  });
});
