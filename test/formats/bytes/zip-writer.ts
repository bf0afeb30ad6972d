import { crc32, deflateRawSync } from 'node:zlib';

/** A member to write; what the headers say can be made to differ from what is there. */
export interface Member {
  readonly name: string;
  readonly content: Uint8Array;
  readonly deflate?: boolean;
  /** Sizes and offset in ZIP64 extra fields. */
  readonly wide?: boolean;
  readonly lies?: {
    readonly size?: number;
    readonly compressedSize?: number;
    readonly crc?: number;
    readonly header?: number;
    readonly method?: number;
    readonly flags?: number;
    readonly localName?: string;
  };
}

export interface ArchiveLies {
  readonly entries?: number;
  readonly directory?: number;
  readonly length?: number;
  readonly disk?: number;
  /** Byte where the ZIP64 end of the directory is said to be. */
  readonly end64?: number;
}

/** A ZIP archive by the letter of APPNOTE; `wide` writes the ZIP64 end of directory too. */
export function zip(members: readonly Member[], options: { wide?: boolean; comment?: string; lies?: ArchiveLies } = {}): Uint8Array {
  const { wide = false, comment = '', lies = {} } = options;
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (part: Uint8Array) => {
    parts.push(part);
    at += part.length;
  };
  for (const member of members) {
    const data = member.deflate ? deflateRawSync(member.content) : member.content;
    const size = member.lies?.size ?? member.content.length;
    const compressed = member.lies?.compressedSize ?? (member.deflate || member.lies?.size === undefined ? data.length : size);
    const crc = member.lies?.crc ?? crc32(member.content);
    const method = member.lies?.method ?? (member.deflate ? 8 : 0);
    const flags = member.lies?.flags ?? 0;
    const header = member.lies?.header ?? at;
    const name = new TextEncoder().encode(member.name);
    const localName = new TextEncoder().encode(member.lies?.localName ?? member.name);
    const narrow = (n: number) => (member.wide ? 0xffff_ffff : n);
    const extra = (...values: number[]) => (member.wide ? concat([u16(1), u16(8 * values.length), ...values.map(u64)]) : new Uint8Array());
    const localExtra = extra(size, compressed);
    const centralExtra = extra(size, compressed, header);
    const common = [u16(flags), u16(method), u32(0), u32(crc), u32(narrow(compressed)), u32(narrow(size))];
    add(concat([u32(0x04034b50), u16(45), ...common, u16(localName.length), u16(localExtra.length), localName, localExtra, data]));
    const lengths = [u16(name.length), u16(centralExtra.length), u16(0), u16(0), u16(0), u32(0), u32(narrow(header))];
    directory.push(concat([u32(0x02014b50), u16(45), u16(45), ...common, ...lengths, name, centralExtra]));
  }
  const start = lies.directory ?? at;
  const listed = concat(directory);
  const length = lies.length ?? listed.length;
  const entries = lies.entries ?? members.length;
  const disk = lies.disk ?? 0;
  add(listed);
  if (wide) {
    const record = lies.end64 ?? at;
    add(concat([u32(0x06064b50), u64(44), u16(45), u16(45), u32(disk), u32(disk), u64(entries), u64(entries), u64(length), u64(start)]));
    add(concat([u32(0x07064b50), u32(0), u64(record), u32(1)]));
  }
  const narrowEnd = wide
    ? [u16(0xffff), u16(0xffff), u32(0xffff_ffff), u32(0xffff_ffff)]
    : [u16(entries), u16(entries), u32(length), u32(start)];
  add(concat([u32(0x06054b50), u16(wide ? 0 : disk), u16(0), ...narrowEnd, u16(comment.length), new TextEncoder().encode(comment)]));
  return concat(parts);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const u16 = (n: number) => new Uint8Array(Uint16Array.of(n).buffer);
const u32 = (n: number) => new Uint8Array(Uint32Array.of(n).buffer);
const u64 = (n: number) => new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);
