/** What a worker finds: each socket at its number, of its kind, blocking, with the backlog asked for. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { lacks } from "../support/packages.ts";
import { fixture, ours } from "../support/program.ts";
import { startSupervisor } from "../support/supervisor.ts";
import { tempDir } from "../support/temp-dir.ts";

const worker = ["--", "python3", fixture("listening.py")];

const stream = {
  ...{ type: "SOCK_STREAM", blocking: true, inheritable: true, listening: 1, reuseaddr: 1 },
  ...{ reuseport: 0, keepalive: 0, nodelay: 0, defer: 0 },
};
const datagram = {
  ...{ type: "SOCK_DGRAM", blocking: true, inheritable: true, listening: 0, reuseaddr: 1 },
  ...{ reuseport: 0, keepalive: 0, pktinfo: 0, recverr: 0 },
};
const backlogBound = Number(readFileSync("/proc/sys/net/core/somaxconn", "latin1"));

// The socket as asked for, and as found.
test.skipIf(lacks("python3")).each([
  [
    ["--port=0"],
    {
      ...stream,
      key: "0",
      fd: 3,
      family: "AF_INET",
      host: "0.0.0.0",
      backlog: Math.min(4096, backlogBound),
    },
  ],
  [
    ["--port=127.1:0", "--backlog=17"],
    { ...stream, key: "127.1:0", fd: 3, host: "127.0.0.1", backlog: 17 },
  ],
  [["--port=localhost:0=9"], { ...stream, key: "localhost:0", fd: 9, host: "127.0.0.1" }],
  [["--port=127.0.0.1:0=0"], { ...stream, key: "127.0.0.1:0", fd: 0, host: "127.0.0.1" }],
  [["--port=[::1]:0"], { ...stream, key: "[::1]:0", family: "AF_INET6", host: "::1", v6only: 1 }],
  [["--port=[::]:0"], { ...stream, key: "[::]:0", family: "AF_INET6", host: "::", v6only: 1 }],
  [["--port=u0"], { ...datagram, key: "0", fd: 3, family: "AF_INET", host: "0.0.0.0" }],
  [
    ["--port=[::1]:u0"],
    { ...datagram, key: "[::1]:0", family: "AF_INET6", host: "::1", v6only: 1 },
  ],
  [
    ["--path=x.sock"],
    {
      type: "SOCK_STREAM",
      key: "x.sock",
      fd: 3,
      family: "AF_UNIX",
      host: "x.sock",
      blocking: true,
      inheritable: true,
      listening: 1,
    },
  ],
])("%j", async (options, found) => {
  using dir = tempDir();
  await using server = startSupervisor([...options, ...worker], { cwd: dir.path });
  expect(JSON.parse(await server.output(/^\{/))).toMatchObject(found);
  expect(await server.stop()).toBe(0);
});

test.skipIf(lacks("python3"))(
  "TCP and UDP of one port have one key and two numbers; paths come last",
  async () => {
    using dir = tempDir();
    const options = [
      "--path=x.sock",
      "--port=127.0.0.1:u0",
      "--port=127.0.0.1:0",
      "--port=127.0.0.1:0=4",
    ];
    await using server = startSupervisor([...options, ...worker], { cwd: dir.path });
    await server.output(/AF_UNIX/);
    const found = server.stdout.map(
      (line) => JSON.parse(line) as { key: string; fd: number; type: string },
    );
    expect(found.map(({ key, fd, type }) => `${key} ${fd} ${type}`)).toEqual([
      "127.0.0.1:0 3 SOCK_DGRAM",
      "127.0.0.1:0 5 SOCK_STREAM",
      "127.0.0.1:0 4 SOCK_STREAM",
      "x.sock 6 SOCK_STREAM",
    ]);
    expect(await server.stop()).toBe(0);
  },
);

test("a unix socket is everybody's, and removed at the end", async () => {
  using dir = tempDir();
  await using server = startSupervisor(["--path=x.sock", "--", "sleep", "60"], {
    cwd: dir.path,
    command: ["sh", "-c", 'umask 077; exec "$@"', "sh", ...ours],
  });
  await server.line(/^starting new worker/);
  expect(statSync(dir.file("x.sock")).mode & 0o777).toBe(0o777);
  expect(await server.stop()).toBe(0);
  expect(existsSync(dir.file("x.sock"))).toBe(false);
});

test("a unix socket that another server has replaced is not removed", async () => {
  using dir = tempDir();
  await using server = startSupervisor(["--path=x.sock", "--", "sleep", "60"], { cwd: dir.path });
  await server.line(/^starting new worker/);
  writeFileSync(dir.file("other"), "another server's");
  renameSync(dir.file("other"), dir.file("x.sock"));
  expect(await server.stop()).toBe(0);
  expect(dir.text("x.sock")).toBe("another server's");
});

test("descriptors of the launcher reach the worker, and keep their numbers free of sockets", async () => {
  using dir = tempDir({
    worker:
      "#!/bin/sh\necho $SERVER_STARTER_PORT\ncat <&5\nreadlink /proc/$$/fd/3\nexec sleep 60\n",
    note: "from the launcher\n",
  });
  await using server = startSupervisor(
    ["--port=127.0.0.1:0", "--port=127.0.0.1:0", "--port=127.0.0.1:0", "--", "./worker"],
    { cwd: dir.path, command: ["sh", "-c", 'exec "$@" 5<note', "sh", ...ours] },
  );
  await server.output(/^socket:/);
  expect(server.stdout.slice(0, 2)).toEqual([
    "127.0.0.1:0=3;127.0.0.1:0=4;127.0.0.1:0=6",
    "from the launcher",
  ]);
  expect(await server.stop()).toBe(0);
});
