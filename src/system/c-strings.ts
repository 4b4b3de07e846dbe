/** Byte strings as C takes them. */

/** Arguments and environment in one piece of memory that is used again: a fresh one per spawn adds up. */
export class StringBlock {
  private memory = Buffer.alloc(8192);
  private readonly addressOf: (memory: Uint8Array) => number;

  /** @param addressOf Where a piece of memory is. */
  constructor(addressOf: (memory: Uint8Array) => number) {
    this.addressOf = addressOf;
  }

  write(argv: readonly string[], environment: readonly string[]): { argv: number; envp: number } {
    const strings = [...argv, ...environment];
    const tableBytes = (strings.length + 2) * 8;
    const needed = strings.reduce((sum, each) => sum + each.length + 1, tableBytes);
    if (needed > this.memory.length) this.memory = Buffer.alloc(needed * 2);
    const base = this.addressOf(this.memory);
    const table = new DataView(this.memory.buffer);
    let slot = 0;
    let offset = tableBytes;
    const put = (text: string): void => {
      table.setBigUint64(slot, BigInt(base + offset), true);
      slot += 8;
      offset = writeBytes(this.memory, offset, text);
    };
    for (const each of argv) put(each);
    table.setBigUint64(slot, 0n, true);
    slot += 8;
    const envpOffset = slot;
    for (const each of environment) put(each);
    table.setBigUint64(slot, 0n, true);
    return { argv: base, envp: base + envpOffset };
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
