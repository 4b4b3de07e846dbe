/** Byte strings as C takes them. */

/** What posix_spawn is given, as addresses. */
export interface StringAddresses {
  readonly file: number;
  readonly argv: number;
  readonly envp: number;
}

/** Program, arguments and environment in one piece of memory that is used again: a fresh one per spawn adds up. */
export class StringBlock {
  private memory = Buffer.alloc(8192);
  private readonly addressOf: (memory: Uint8Array) => number;

  /** @param addressOf Where a piece of memory is. */
  constructor(addressOf: (memory: Uint8Array) => number) {
    this.addressOf = addressOf;
  }

  /** Valid until the next call. */
  write(file: string, argv: readonly string[], environment: readonly string[]): StringAddresses {
    // The tables of addresses come first, each with a closing null; then the strings.
    const tableBytes = (argv.length + environment.length + 2) * 8;
    const needed = [file, ...argv, ...environment].reduce(
      (sum, each) => sum + each.length + 1,
      tableBytes,
    );
    if (needed > this.memory.length) this.memory = Buffer.alloc(needed * 2);
    const base = this.addressOf(this.memory);
    let slot = 0;
    let offset = tableBytes;
    const put = (text: string): number => {
      const address = base + offset;
      offset = writeBytes(this.memory, offset, text);
      return address;
    };
    const table = (strings: readonly string[]): number => {
      const address = base + slot;
      for (const each of strings) slot = this.memory.writeBigUInt64LE(BigInt(put(each)), slot);
      slot = this.memory.writeBigUInt64LE(0n, slot);
      return address;
    };
    return { argv: table(argv), envp: table(environment), file: put(file) };
  }
}

/** The byte string with a closing NUL. */
export function cString(bytes: string): Buffer {
  const memory = Buffer.alloc(bytes.length + 1);
  writeBytes(memory, 0, bytes);
  return memory;
}

/** Writes the byte string and a closing NUL; returns the offset after them. */
function writeBytes(memory: Buffer, offset: number, bytes: string): number {
  memory.write(bytes, offset, "latin1");
  memory[offset + bytes.length] = 0;
  return offset + bytes.length + 1;
}
