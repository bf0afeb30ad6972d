import { pipeline, Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { FormatError } from '../format-error';
import { type ByteSource, type ByteStream, partOf } from './byte-source';
import { crc32 } from './crc32';

/** A member of an archive. Its name is only a name: never a path to follow. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  /** Bytes of its content. */
  readonly size: number;
  /** Bytes that it takes in the file, from byte `offset`. */
  readonly compressedSize: number;
  readonly offset: number;
  readonly crc: number;
}

/** The limits of hostile archives: no honest checkpoint comes near. */
const MOST_ENTRIES = 200_000;
const MOST_DIRECTORY_BYTES = 64 * 2 ** 20;
/** Deflate cannot shrink by more (zlib, "Maximum Compression Factor"). */
const MOST_EXPANSION = 1032;
const CHUNK = 256 * 1024;

const END = 0x0605_4b50;
const END_BYTES = 22;
const END64_LOCATOR = 0x0706_4b50;
const END64_LOCATOR_BYTES = 20;
const END64 = 0x0606_4b50;
const END64_BYTES = 56;
const CENTRAL = 0x0201_4b50;
const CENTRAL_BYTES = 46;
const LOCAL = 0x0403_4b50;
const LOCAL_BYTES = 30;
const IN_EXTRA_32 = 0xffff_ffff;

/**
 * The members of a ZIP archive, in the order of its central directory (APPNOTE 6.3.10, with ZIP64; no encryption, no split archives).
 * Every member lies inside the file and none overlaps another or the directory.
 *
 * @throws FormatError when the archive is unsound
 */
export async function readZip(source: ByteSource): Promise<readonly ZipEntry[]> {
  const end = await findEnd(source);
  const directory = await readDirectory(source, end);
  const entries: ZipEntry[] = [];
  let before = { name: '', end: 0 };
  for (const record of directory.toSorted((a, b) => a.header - b.header)) {
    const offset = await dataOffset(source, record);
    if (record.header < before.end) {
      throw new FormatError(
        source.path,
        record.header,
        `members ${quoted(before.name)} and ${quoted(record.name)} of the archive overlap.`,
      );
    }
    if (offset + record.compressedSize > end.directory) {
      throw new FormatError(
        source.path,
        offset,
        `member ${quoted(record.name)} should end at byte ${offset + record.compressedSize}, but the members end at byte ${end.directory}.`,
      );
    }
    before = { name: record.name, end: offset + record.compressedSize };
    const { name, method, size, compressedSize, crc } = record;
    entries[record.position] = { name, method, size, compressedSize, crc, offset };
  }
  return entries;
}

/** The content of a stored member as it lies in the file. Its checksum is not verified: that would mean reading all of it. */
export function storedPart(source: ByteSource, entry: ZipEntry): ByteSource {
  return partOf(source, entry.name, entry.offset, entry.size);
}

/** The content of a member from start to end; its length and checksum are verified. */
export function entryStream(source: ByteSource, entry: ZipEntry): ByteStream {
  const path = `${source.path} (${entry.name})`;
  const raw = () => rawChunks(partOf(source, entry.name, entry.offset, entry.compressedSize));
  return {
    path,
    size: entry.size,
    async *chunks() {
      let size = 0;
      let crc = 0;
      for await (const chunk of entry.method === 'stored' ? raw() : inflate(path, raw(), entry.compressedSize)) {
        size += chunk.length;
        if (size > entry.size) {
          throw new FormatError(path, null, `it holds more than the ${entry.size} bytes that the archive's directory declares.`);
        }
        crc = crc32(chunk, crc);
        yield chunk;
      }
      if (size < entry.size) {
        throw new FormatError(path, size, `the content ends here, but the archive's directory declares ${entry.size} bytes.`);
      }
      if (crc !== entry.crc) {
        throw new FormatError(path, null, 'the content is damaged: its checksum (CRC-32) differs from the one in the archive.');
      }
    },
  };
}

/**
 * The whole content of a small member.
 * @throws FormatError also when it is larger than `limit` bytes
 */
export async function readEntry(source: ByteSource, entry: ZipEntry, limit: number): Promise<Uint8Array> {
  const stream = entryStream(source, entry);
  if (entry.size > limit) throw new FormatError(stream.path, null, `it has ${entry.size} bytes, more than the ${limit} expected at most.`);
  const content = new Uint8Array(entry.size);
  let at = 0;
  for await (const chunk of stream.chunks()) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content;
}

interface End {
  readonly entries: number;
  /** Byte and length of the central directory. */
  readonly directory: number;
  readonly length: number;
}

async function findEnd(source: ByteSource): Promise<End> {
  const { path, size } = source;
  const tail = await read(source, Math.max(0, size - END_BYTES - 0xffff), Math.min(size, END_BYTES + 0xffff));
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && !(tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength)) at--;
  if (at < 0) {
    throw new FormatError(
      path,
      size,
      'the directory that ends a ZIP archive was expected here; the file is cut off or still being written.',
    );
  }
  const position = size - tail.byteLength + at;
  let end = {
    disk: tail.getUint16(at + 4, true),
    entries: tail.getUint16(at + 10, true),
    length: tail.getUint32(at + 12, true),
    directory: tail.getUint32(at + 16, true),
  };
  let directoryLimit = position;
  if (position >= END64_LOCATOR_BYTES) {
    const locator = await read(source, position - END64_LOCATOR_BYTES, END64_LOCATOR_BYTES);
    if (locator.getUint32(0, true) === END64_LOCATOR) {
      const record = toNumber(locator.getBigUint64(8, true));
      if (record + END64_BYTES > position - END64_LOCATOR_BYTES) {
        throw new FormatError(
          path,
          position - END64_LOCATOR_BYTES,
          `the ZIP64 directory end should lie at byte ${record}, outside the file.`,
        );
      }
      const end64 = await read(source, record, END64_BYTES);
      if (end64.getUint32(0, true) !== END64) throw new FormatError(path, record, 'the ZIP64 directory end was expected here.');
      end = {
        disk: end64.getUint32(16, true),
        entries: toNumber(end64.getBigUint64(32, true)),
        length: toNumber(end64.getBigUint64(40, true)),
        directory: toNumber(end64.getBigUint64(48, true)),
      };
      directoryLimit = record;
    }
  }
  if (end.disk !== 0) throw new FormatError(path, position, 'the archive is split over several files; join them first.');
  if (end.directory + end.length > directoryLimit) {
    throw new FormatError(
      path,
      position,
      `the archive's directory should lie at bytes ${end.directory} to ${end.directory + end.length}, outside the file.`,
    );
  }
  if (end.entries > MOST_ENTRIES || end.length > MOST_DIRECTORY_BYTES) {
    throw new FormatError(path, position, `an archive of ${end.entries} members is larger than any checkpoint (at most ${MOST_ENTRIES}).`);
  }
  if (end.entries * CENTRAL_BYTES > end.length) {
    throw new FormatError(
      path,
      position,
      `the archive claims ${end.entries} members, more than its directory of ${end.length} bytes holds.`,
    );
  }
  return end;
}

interface Central {
  readonly position: number;
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  readonly size: number;
  readonly compressedSize: number;
  readonly crc: number;
  /** Byte of the local header. */
  readonly header: number;
}

async function readDirectory(source: ByteSource, end: End): Promise<Central[]> {
  const { path } = source;
  const view = await read(source, end.directory, end.length);
  const records: Central[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let position = 0; position < end.entries; position++) {
    const where = end.directory + at;
    if (at + CENTRAL_BYTES > view.byteLength || view.getUint32(at, true) !== CENTRAL) {
      throw new FormatError(path, where, `member ${position + 1} of ${end.entries} of the archive's directory was expected here.`);
    }
    const flags = view.getUint16(at + 8, true);
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const next = at + CENTRAL_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (next > view.byteLength) throw new FormatError(path, where, "this member of the archive's directory runs past the directory's end.");
    const name = decodeName(view, at + CENTRAL_BYTES, nameBytes);
    if (names.has(name)) throw new FormatError(path, where, `the archive holds two members named ${quoted(name)}.`);
    names.add(name);
    if (flags & 0x2041) throw new FormatError(path, where, `member ${quoted(name)} is encrypted; decrypt the archive first.`);
    const method = methodOf(view.getUint16(at + 10, true));
    if (method === null) {
      throw new FormatError(
        path,
        where,
        `member ${quoted(name)} uses compression method ${view.getUint16(at + 10, true)}; only stored and deflated members can be read.`,
      );
    }
    const extra = new DataView(view.buffer, view.byteOffset + at + CENTRAL_BYTES + nameBytes, extraBytes);
    const [size, compressedSize, header] = wideSizes(
      extra,
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    );
    if (method === 'stored' && size !== compressedSize) {
      throw new FormatError(path, where, `stored member ${quoted(name)} has two sizes, ${size} and ${compressedSize} bytes.`);
    }
    // 64 bytes of slack: an empty or tiny stream has no meaningful ratio.
    if (size > compressedSize * MOST_EXPANSION + 64) {
      throw new FormatError(
        path,
        where,
        `member ${quoted(name)} claims ${size} bytes from ${compressedSize} compressed ones, more than the method can give.`,
      );
    }
    records.push({ position, name, method, size, compressedSize, crc: view.getUint32(at + 16, true), header });
    at = next;
  }
  return records;
}

/** Byte where the content starts: behind the local header, which must be the same member's. */
async function dataOffset(source: ByteSource, record: Central): Promise<number> {
  const { path, size } = source;
  const { name, header } = record;
  if (header + LOCAL_BYTES > size)
    throw new FormatError(path, null, `member ${quoted(name)} should start at byte ${header}, outside the file.`);
  const local = await read(source, header, LOCAL_BYTES);
  if (local.getUint32(0, true) !== LOCAL) throw new FormatError(path, header, `member ${quoted(name)} was expected to start here.`);
  const nameBytes = local.getUint16(26, true);
  const extraBytes = local.getUint16(28, true);
  if (header + LOCAL_BYTES + nameBytes + extraBytes > size) {
    throw new FormatError(path, header, `the header of member ${quoted(name)} runs past the end of the file.`);
  }
  const rest = await read(source, header + LOCAL_BYTES, nameBytes + extraBytes);
  const extra = new DataView(rest.buffer, nameBytes, extraBytes);
  const [localSize, localCompressed] = wideSizes(extra, local.getUint32(22, true), local.getUint32(18, true), 0);
  // With a data descriptor the sizes come after the content, and the local header holds zeros.
  const described = (local.getUint16(6, true) & 8) !== 0;
  const sameSizes = described || (localSize === record.size && localCompressed === record.compressedSize);
  if (methodOf(local.getUint16(8, true)) !== record.method || !sameSizes || decodeName(rest, 0, nameBytes) !== name) {
    throw new FormatError(path, header, `member ${quoted(name)} is described differently here and in the archive's directory.`);
  }
  return header + LOCAL_BYTES + nameBytes + extraBytes;
}

/** Sizes and header offset, taken from the ZIP64 extra field where the 32-bit fields say so; they stand there in this order. */
function wideSizes(extra: DataView, ...narrow: [size: number, compressedSize: number, header: number]): [number, number, number] {
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const length = extra.getUint16(at + 2, true);
    const end = at + 4 + length;
    if (extra.getUint16(at, true) === 1 && end <= extra.byteLength) {
      let field = at + 4;
      const wide = narrow.map((value) => {
        if (value !== IN_EXTRA_32 || field + 8 > end) return value;
        field += 8;
        return toNumber(extra.getBigUint64(field - 8, true));
      });
      return wide as [number, number, number];
    }
    at = end;
  }
  return narrow;
}

function methodOf(code: number): 'stored' | 'deflated' | null {
  return code === 0 ? 'stored' : code === 8 ? 'deflated' : null;
}

/** Too large to count is larger than any file: the checks against the file's size refuse it. */
function toNumber(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

function decodeName(view: DataView, at: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}...` : name);
}

async function read(source: ByteSource, offset: number, length: number): Promise<DataView> {
  const bytes = new Uint8Array(length);
  await source.read(offset, bytes);
  return new DataView(bytes.buffer);
}

async function* rawChunks(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += CHUNK) {
    // Not reused: the inflater may still be reading the last one.
    const chunk = new Uint8Array(Math.min(CHUNK, source.size - at));
    await source.read(at, chunk);
    yield chunk;
  }
}

async function* inflate(path: string, compressed: AsyncIterable<Uint8Array>, compressedSize: number): AsyncGenerator<Uint8Array> {
  const input = Readable.from(compressed, { objectMode: false });
  const inflater = createInflateRaw({ chunkSize: CHUNK });
  // Errors of either stream surface in the loop below, which the pipeline's destroy ends.
  pipeline(input, inflater, () => {});
  try {
    for await (const chunk of inflater) yield chunk as Uint8Array;
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(path, null, `the compressed content is damaged (${(error as Error).message}).`);
  }
  if (inflater.bytesWritten !== compressedSize) {
    throw new FormatError(path, inflater.bytesWritten, `the compressed content ends here, before its ${compressedSize} bytes.`);
  }
}
