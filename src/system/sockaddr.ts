/** Socket addresses as the kernel reads them. */
import { toBytes } from "../config/environment.ts";
import { AF_INET, AF_INET6, AF_UNIX } from "./libc.ts";

/** sockaddr_un of a path, which must not be longer than 107 bytes. */
export function unixAddress(path: string): Uint8Array {
  const bytes = toBytes(path);
  const address = new Uint8Array(2 + bytes.length + 1);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  for (let index = 0; index < bytes.length; index += 1)
    address[2 + index] = bytes.charCodeAt(index);
  return address;
}

/** sockaddr_in or sockaddr_in6 of a numeric address. */
export function inetAddress(address: string, port: number, ipv6: boolean): Uint8Array {
  const bytes = new Uint8Array(ipv6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ipv6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (!ipv6) bytes.set(address.split(".").map(Number), 4);
  else ipv6Words(address).forEach((word, index) => view.setUint16(8 + 2 * index, word));
  return bytes;
}

/** The eight words of a valid IPv6 address. */
function ipv6Words(address: string): number[] {
  const plain = address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_, a, b, c, d) =>
      `${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`,
  );
  const [head = "", tail] = plain.split("::");
  const words = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((word) => parseInt(word, 16));
  if (tail === undefined) return words(head);
  const left = words(head);
  const right = words(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right];
}
