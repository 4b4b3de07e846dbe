/** Every form of --port and --path: what is bound, under which key, at which number. */
import { describe, expect, test } from "bun:test";
import { parsePath, parsePort, serverStarterPort } from "../../src/config/listen.ts";
import { configOf, refusalOf } from "./command.ts";

describe("--port", () => {
  // Value, key, kind, host, port, descriptor number.
  test.each([
    ["80", "80", "tcp", null, 80, null],
    ["u80", "80", "udp", null, 80, null],
    ["80=7", "80", "tcp", null, 80, 7],
    ["u80=7", "80", "udp", null, 80, 7],
    ["80=0", "80", "tcp", null, 80, 0],
    ["0", "0", "tcp", null, 0, null],
    ["65535", "65535", "tcp", null, 65_535, null],
    ["080", "080", "tcp", null, 80, null],
    [" 80 =7 ", "80", "tcp", null, 80, 7],
    ["\t80\n", "80", "tcp", null, 80, null],
    ["127.0.0.1:80", "127.0.0.1:80", "tcp", "127.0.0.1", 80, null],
    ["127.0.0.1:u80", "127.0.0.1:80", "udp", "127.0.0.1", 80, null],
    ["127.0.0.1:80=7", "127.0.0.1:80", "tcp", "127.0.0.1", 80, 7],
    ["127.0.0.1:u80=7", "127.0.0.1:80", "udp", "127.0.0.1", 80, 7],
    ["127.1:80", "127.1:80", "tcp", "127.1", 80, null],
    ["LocalHost:80", "LocalHost:80", "tcp", "LocalHost", 80, null],
    ["[127.0.0.1]:80", "127.0.0.1:80", "tcp", "127.0.0.1", 80, null],
    ["host: 80 =3", "host:80", "tcp", "host", 80, 3],
    ["[::1]:80", "[::1]:80", "tcp", "::1", 80, null],
    ["[::1]:u80", "[::1]:80", "udp", "::1", 80, null],
    ["[::1]:80=7", "[::1]:80", "tcp", "::1", 80, 7],
    ["[::1]:u80=7", "[::1]:80", "udp", "::1", 80, 7],
    ["::1:80", "[::1]:80", "tcp", "::1", 80, null],
    [":::80", "[::]:80", "tcp", "::", 80, null],
    ["[ ::1 ] : 80", "[::1]:80", "tcp", "::1", 80, null],
    ["[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", "tcp", "::ffff:127.0.0.1", 80, null],
  ] as const)("%j", (value, key, kind, host, port, fd) => {
    expect(parsePort(value)).toEqual({
      ...{ key, kind, host, port, fd },
      ipv6: key.startsWith("["),
      option: `--port=${value}`,
    });
  });

  test.each([
    ["", "is not a port"],
    ["http", "is not a port"],
    ["80a", "is not a port"],
    ["-80", "is not a port"],
    ["8 0", "is not a port"],
    ["80=", "is not a port"],
    ["80=x", "is not a port"],
    ["80=-1", "is not a port"],
    ["t80", "is not a port"],
    ["localhost", "is not a port"],
    ["localhost:", "is not a port"],
    ["localhost:http", "is not a port"],
    ["[::1]", "is not a port"],
    ["[::1]80", "is not a port"],
    ["/run/x.sock", "is not a port"],
    ["８０", "is not a port"],
    [":80", "has no host"],
    ["[]:80", "has no host"],
    ["65536", "ports end at 65535"],
    ["99999999999999999999", "ports end at 65535"],
    ["h:65536", "ports end at 65535"],
    ["80=1048576", "they end at 1048575"],
    ["a;b:80", "SERVER_STARTER_PORT cannot express"],
    ["a=b:80", "SERVER_STARTER_PORT cannot express"],
    ["[fe80::1%eth0]:80", "IPv6 zone"],
  ])("%j is refused", (value, reason) => {
    const message = refusalOf(() => parsePort(value));
    expect(message).toStartWith(`Option --port=${value} `);
    expect(message).toContain(reason);
  });
});

describe("--path", () => {
  test.each(["/run/x.sock", "x", "with space", "ü", "a:b", "[::1]:80"])(
    "%j is its own key",
    (path) => {
      expect(parsePath(path)).toEqual({
        kind: "unix",
        key: path,
        path,
        fd: null,
        option: `--path=${path}`,
      });
    },
  );

  test.each(["/run/a;b", "/run/a=b"])("%j cannot be expressed", (path) => {
    expect(refusalOf(() => parsePath(path))).toStartWith(`Option --path=${path} holds ";" or "="`);
  });

  test("a socket address holds 107 bytes of path, however many letters they are", () => {
    expect(parsePath("x".repeat(107)).path).toHaveLength(107);
    expect(refusalOf(() => parsePath("x".repeat(108)))).toContain("108 bytes, at most 107");
    expect(parsePath(`x${"ü".repeat(53)}`).path).toHaveLength(54);
    expect(refusalOf(() => parsePath("ü".repeat(54)))).toContain("108 bytes, at most 107");
  });
});

describe("SERVER_STARTER_PORT", () => {
  test("has the ports in command-line order, then the paths", () => {
    const { sockets } = configOf([
      "--path=/b",
      "--port=u53",
      "--path=/a",
      "--port=53",
      "--port=[::1]:1=9",
    ]);
    expect(serverStarterPort(sockets, [3, 4, 9, 5, 6])).toBe("53=3;53=4;[::1]:1=9;/b=5;/a=6");
  });

  test("is empty without sockets", () => {
    expect(serverStarterPort([], [])).toBe("");
  });
});
