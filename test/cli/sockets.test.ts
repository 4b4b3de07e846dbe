/** A socket that cannot be had: one line that says why, exit code 1, and nothing of anybody's is touched. */
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { startSupervisor } from "../support/supervisor.ts";
import { lacksRoot } from "../support/packages.ts";
import { refusal, site, unprivileged } from "./refusal.ts";

const program = ["--", "./worker"];

describe("addresses", () => {
  test("a TCP port in use", async () => {
    using dir = site();
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const port = `--port=127.0.0.1:${taken.port}`;
    expect(
      await refusal(dir, [
        "--pid-file=pid",
        "--status-file=status",
        "--path=x.sock",
        port,
        ...program,
      ]),
    ).toEqual({
      code: 1,
      line: `Cannot listen on ${port}: address already in use (EADDRINUSE); stop what uses it, or use another address`,
    });
  });

  test("a UDP port in use, even by somebody who would share it", async () => {
    using dir = site();
    const taken = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0 });
    try {
      const port = `--port=127.0.0.1:u${taken.port}`;
      expect(await refusal(dir, [port, ...program])).toEqual({
        code: 1,
        line: `Cannot listen on ${port}: address already in use (EADDRINUSE); stop what uses it, or use another address`,
      });
    } finally {
      taken.close();
    }
  });

  test("a second start_server gets neither the TCP nor the UDP port of the first", async () => {
    using dir = site({ "worker.sh": "#!/bin/sh\necho ready\nexec sleep 60\n" });
    using free = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const { port } = free;
    free.stop(true);
    await using first = startSupervisor(
      [`--port=127.0.0.1:${port}`, `--port=127.0.0.1:u${port}`, "--", "./worker.sh"],
      {
        cwd: dir.path,
      },
    );
    await first.output(/ready/);
    for (const kind of ["", "u"]) {
      const { code, line } = await refusal(dir, [`--port=127.0.0.1:${kind}${port}`, ...program]);
      expect({ code, line }).toEqual({ code: 1, line: expect.stringContaining("EADDRINUSE") });
    }
    expect(await first.stop()).toBe(0);
  });

  test.each([
    [
      "--port=nosuchhost.invalid:0",
      'host "nosuchhost.invalid" has no IPv4 address; check the name or give a number',
    ],
    [
      "--port=nosuchhost.invalid:u0",
      'host "nosuchhost.invalid" has no IPv4 address; check the name or give a number',
    ],
    ["--port=256.1.1.1:0", 'host "256.1.1.1" has no IPv4 address; check the name or give a number'],
    [
      "--port=192.0.2.1:0",
      "this host has no such address (EADDRNOTAVAIL); listen on an address of this host",
    ],
    [
      "--port=192.0.2.1:u0",
      "this host has no such address (EADDRNOTAVAIL); listen on an address of this host",
    ],
    [
      "--port=[2001:db8::1]:0",
      "this host has no such address (EADDRNOTAVAIL); listen on an address of this host",
    ],
    ["--port=[zz::1]:0", '"zz::1" is not an IPv6 address; give one as [::1]:80'],
  ])("%s", async (port, reason) => {
    using dir = site();
    const { code, line } = await refusal(dir, [
      port,
      "--pid-file=pid",
      "--path=x.sock",
      ...program,
    ]);
    expect({ code, line }).toEqual({ code: 1, line: `Cannot listen on ${port}: ${reason}` });
  });

  // A network of its own has low ports that only root may use, wherever the tests run.
  const elsewhere = ["unshare", "--net", ...unprivileged];

  test.skipIf(lacksRoot()).each(["--port=80", "--port=u80", "--port=[::]:80"])(
    "%s without the right to it",
    async (port) => {
      using dir = site();
      chmodSync(dir.path, 0o755);
      const { code, line } = await refusal(dir, [port, ...program], {
        command: elsewhere,
      });
      expect(code).toBe(1);
      expect(line).toStartWith(
        `Cannot listen on ${port}: permission denied (EACCES); low ports need root, `,
      );
    },
  );
});

describe("paths", () => {
  test.each([
    ["a regular file", "precious"],
    ["a directory", "folder"],
    ["a FIFO", "fifo"],
    ["a symbolic link", "link"],
    ["a symbolic link", "dangling"],
  ])("%s is refused, and kept", async (kind, name) => {
    using dir = site({ precious: "data" });
    mkdirSync(dir.file("folder"));
    Bun.spawnSync(["mkfifo", dir.file("fifo")]);
    symlinkSync("precious", dir.file("link"));
    symlinkSync("nowhere", dir.file("dangling"));
    expect(
      await refusal(dir, ["--pid-file=pid", "--path=fresh.sock", `--path=${name}`, ...program]),
    ).toEqual({
      code: 1,
      line: `Cannot listen on --path=${name}: ${kind} is there, and only a socket would be replaced; remove it or use another path`,
    });
  });

  test.each([
    ["missing/x.sock", "no such file or directory (ENOENT); create the directory first"],
    ["worker/x.sock", "not a directory (ENOTDIR); use a path in a directory"],
  ])("%s has no directory", async (path, reason) => {
    using dir = site();
    const { code, line } = await refusal(dir, ["--path=x.sock", `--path=${path}`, ...program]);
    expect({ code, line }).toEqual({ code: 1, line: `Cannot listen on --path=${path}: ${reason}` });
  });

  test.skipIf(lacksRoot())("a directory that is not ours to write in", async () => {
    using dir = site();
    chmodSync(dir.path, 0o755);
    expect(await refusal(dir, ["--path=x.sock", ...program], { command: unprivileged })).toEqual({
      code: 1,
      line: "Cannot listen on --path=x.sock: permission denied (EACCES); the directory must be writable",
    });
  });

  test("one socket under two names", async () => {
    using dir = site();
    symlinkSync(".", dir.file("here"));
    expect(await refusal(dir, ["--path=x.sock", "--path=here/x.sock", ...program])).toEqual({
      code: 2,
      line: "Options --path=x.sock and --path=here/x.sock ask for the same address: give it once",
    });
  });

  test("a living server keeps its socket when another path, or a port, cannot be had", async () => {
    using dir = site();
    const server = createServer().listen(dir.file("living.sock"));
    try {
      for (const other of ["--path=missing/x.sock", "--path=worker", "--port=192.0.2.1:0"]) {
        expect((await refusal(dir, ["--path=living.sock", other, ...program])).code).toBe(1);
      }
    } finally {
      server.close();
    }
  });

  test("a stale socket is replaced, with a warning, by one that everybody may use", async () => {
    using dir = site({ "worker.sh": "#!/bin/sh\necho $SERVER_STARTER_PORT\nexec sleep 60\n" });
    Bun.spawnSync(
      ["perl", "-MIO::Socket::UNIX", "-e", 'IO::Socket::UNIX->new(Listen => 1, Local => "x.sock")'],
      {
        cwd: dir.path,
      },
    );
    const stale = lstatSync(dir.file("x.sock"));
    expect(stale.isSocket()).toBe(true);
    await using server = startSupervisor(["--path=x.sock", "--", "./worker.sh"], { cwd: dir.path });
    await server.output(/^x\.sock=3$/);
    expect(server.stderr[1]).toBe("removing existing socket file:x.sock");
    const fresh = lstatSync(dir.file("x.sock"));
    expect({ fresh: fresh.isSocket(), mode: fresh.mode & 0o777 }).toEqual({
      fresh: true,
      mode: 0o777,
    });
    expect(await server.stop()).toBe(0);
    expect(existsSync(dir.file("x.sock"))).toBe(false);
  });
});
