import type { ByteSource } from '../bytes/byte-source';
import { backgroundDecompressor, type Codec, DecompressionError, decompressor } from '../bytes/decompress';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, type Decode, decoder, type ElementType } from '../matrices/elements';
import { EncodingError, readRuns } from './parquet-levels';
import type { ColumnChunk, ParquetColumn } from './parquet-metadata';
import { ThriftError, ThriftReader } from './thrift';

/** Entries of one column, in order. Valid until the next page is asked for. */
export interface Page {
  readonly entries: number;
  /** One an entry: 0 begins a row. Null where every entry is a row of its own. */
  readonly repetition: Uint8Array | null;
  /** One an entry; null where every entry has a value. */
  readonly definition: Uint8Array | null;
  /** Of the entries that have one. */
  readonly values: Float64Array;
}

/** Writers make pages of about 1 MB. */
const MOST_PAGE_BYTES = 2 ** 27;
const MOST_ENTRIES = 2 ** 25;
const MOST_HEADER_BYTES = 2 ** 20;
const USUAL_HEADER_BYTES = 2 ** 14;
const READ_AHEAD = 8 * 2 ** 20;
/** More than Node has threads for it. */
const PAGES_AHEAD = 6;

const CODECS: Readonly<Record<number, Codec>> = {
  0: 'none',
  1: 'snappy',
  2: 'gzip',
  4: 'brotli',
  5: 'lz4-hadoop',
  6: 'zstd',
  7: 'lz4-block',
};

const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const DELTA_BINARY_PACKED = 5;
const RLE_DICTIONARY = 8;
const BYTE_STREAM_SPLIT = 9;

/** What is stored under each type: integers are widened. */
function storedAs({ type, physical }: ParquetColumn): ElementType {
  return type === 'uint32' || type === 'uint64' ? type : physical;
}

/**
 * The pages of a column in one row group, decoded.
 * @param readAhead bytes of the file to hold at most, if no page is larger
 * @throws FormatError where a page is not sound, or larger than 128 MiB
 */
export async function* readPages(
  source: ByteSource,
  column: ParquetColumn,
  chunk: ColumnChunk,
  readAhead = READ_AHEAD,
): AsyncGenerator<Page> {
  const codec = CODECS[chunk.codec];
  if (codec === undefined) {
    throw new FormatError(
      source.path,
      chunk.offset,
      `column ${JSON.stringify(column.name)} is compressed by method ${chunk.codec}, which cannot be read.`,
    );
  }
  const most = Math.max(2 ** 16, Math.min(readAhead, READ_AHEAD));
  const inBackground = backgroundDecompressor(codec);
  const here = await decompressor(codec);
  const pages = new PageDecoder(column);
  const bytes = new ChunkBytes(source, chunk, most);
  /** Pages that are being decompressed while those before them are used. */
  const started: StartedPage[] = [];
  let startedBytes = 0;
  let begun = 0;
  const start = async (): Promise<void> => {
    const at = bytes.at;
    try {
      const header = await readHeader(bytes);
      const body = await bytes.take(header.compressed);
      const { levels, packed, isPacked } = partsOf(header, body);
      const size = header.uncompressed - levels.length;
      const running = isPacked && inBackground !== null ? inBackground(packed, size) : null;
      // It is told when its turn comes.
      running?.catch(() => {});
      started.push({ at, header, levels, size, content: async () => running ?? (isPacked ? here(packed, size) : packed) });
      startedBytes += size;
      if (isData(header)) begun += header.entries;
    } catch (error) {
      started.push({ at, error });
    }
  };
  const mayStart = (): boolean =>
    inBackground !== null &&
    begun < chunk.values &&
    startedBytes < most &&
    started.length < PAGES_AHEAD &&
    !started.some((page) => 'error' in page);
  for (let entries = 0; entries < chunk.values; ) {
    while (started.length === 0 || mayStart()) await start();
    const page = started.shift()!;
    try {
      if ('error' in page) throw page.error;
      startedBytes -= page.size;
      const decoded = pages.decode(page.header, page.levels, await page.content());
      if (decoded === null) continue;
      entries += decoded.entries;
      if (entries > chunk.values) throw new EncodingError(`pages hold more than the ${chunk.values} entries of the column`);
      yield decoded;
    } catch (error) {
      const known = error instanceof EncodingError || error instanceof DecompressionError || error instanceof ThriftError;
      if (!known) throw error;
      throw new FormatError(source.path, page.at, `a page of column ${JSON.stringify(column.name)} is not sound: ${error.message}.`);
    }
  }
}

type StartedPage =
  | {
      readonly at: number;
      readonly header: PageHeader;
      /** Of data pages of version 2. */
      readonly levels: Uint8Array;
      /** Bytes of the content, decompressed. */
      readonly size: number;
      readonly content: () => Promise<Uint8Array>;
    }
  | { readonly at: number; readonly error: unknown };

/** The bytes of a chunk, from its start to its end. */
class ChunkBytes {
  private held: Uint8Array = new Uint8Array(0);
  /** Byte in the file of the first one held. */
  private base: number;
  private position: number;
  private readonly end: number;

  constructor(
    private readonly source: ByteSource,
    { offset, bytes }: ColumnChunk,
    private readonly readAhead: number,
  ) {
    this.base = offset;
    this.position = offset;
    this.end = offset + bytes;
  }

  get at(): number {
    return this.position;
  }

  /** Up to `count` bytes from here on, fewer at the end of the chunk. */
  async peek(count: number): Promise<Uint8Array> {
    const wanted = Math.min(count, this.end - this.position);
    const start = this.position - this.base;
    if (start + wanted > this.held.length) {
      const next = new Uint8Array(Math.min(this.end - this.position, Math.max(wanted, this.readAhead)));
      const rest = this.held.subarray(start);
      next.set(rest);
      await this.source.read(this.position + rest.length, next.subarray(rest.length));
      this.held = next;
      this.base = this.position;
    }
    return this.held.subarray(this.position - this.base, this.position - this.base + wanted);
  }

  skip(count: number): void {
    this.position += count;
  }

  async take(count: number): Promise<Uint8Array> {
    if (count > this.end - this.position) throw new EncodingError(`it has ${count} bytes, more than is left of the column`);
    const bytes = await this.peek(count);
    this.skip(count);
    return bytes;
  }
}

interface PageHeader {
  readonly type: number;
  readonly compressed: number;
  readonly uncompressed: number;
  readonly entries: number;
  readonly encoding: number;
  /** Of data pages of version 2, whose levels are not compressed. */
  readonly repetitionBytes: number;
  readonly definitionBytes: number;
  readonly isCompressed: boolean;
}

const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;
const DATA_PAGE_V2 = 3;

async function readHeader(bytes: ChunkBytes): Promise<PageHeader> {
  for (let count = USUAL_HEADER_BYTES; ; count *= 8) {
    const head = await bytes.peek(count);
    if (head.length === 0) throw new EncodingError('the column ends before its last page');
    const thrift = new ThriftReader(head);
    try {
      const header = parseHeader(thrift);
      bytes.skip(thrift.at);
      return header;
    } catch (error) {
      if (!(error instanceof ThriftError) || head.length < count || count >= MOST_HEADER_BYTES) throw error;
    }
  }
}

function parseHeader(thrift: ThriftReader): PageHeader {
  const header = {
    type: -1,
    compressed: -1,
    uncompressed: -1,
    entries: -1,
    encoding: -1,
    repetitionBytes: 0,
    definitionBytes: 0,
    isCompressed: true,
  };
  thrift.struct((id) => {
    if (id === 1) header.type = thrift.integer();
    else if (id === 2) header.uncompressed = thrift.integer();
    else if (id === 3) header.compressed = thrift.integer();
    else if (id === 5 || id === 7) {
      thrift.struct((field) => {
        if (field === 1) header.entries = thrift.integer();
        else if (field === 2) header.encoding = thrift.integer();
        else return false;
        return true;
      });
    } else if (id === 8) {
      thrift.struct((field, type) => {
        if (field === 1) header.entries = thrift.integer();
        else if (field === 4) header.encoding = thrift.integer();
        else if (field === 5) header.definitionBytes = thrift.integer();
        else if (field === 6) header.repetitionBytes = thrift.integer();
        else if (field === 7) header.isCompressed = type === 1;
        else return false;
        return true;
      });
    } else return false;
    return true;
  });
  const { compressed, uncompressed, repetitionBytes, definitionBytes, type, entries } = header;
  for (const length of [compressed, uncompressed, repetitionBytes, definitionBytes]) {
    if (length < 0) throw new EncodingError('its header gives no sizes');
    if (length > MOST_PAGE_BYTES) throw new EncodingError(`it should have ${length} bytes; pages of up to 128 MiB are read`);
  }
  if (type === DATA_PAGE || type === DICTIONARY_PAGE || type === DATA_PAGE_V2) {
    if (entries < 0) throw new EncodingError('its header does not say how many entries it has');
    if (entries > MOST_ENTRIES) throw new EncodingError(`it should have ${entries} entries; pages of up to ${MOST_ENTRIES} are read`);
  }
  return header;
}

function isData({ type }: PageHeader): boolean {
  return type === DATA_PAGE || type === DATA_PAGE_V2;
}

/** What of a page is compressed, and what comes before it and is not. */
function partsOf(header: PageHeader, body: Uint8Array): { levels: Uint8Array; packed: Uint8Array; isPacked: boolean } {
  const { type, repetitionBytes, definitionBytes, uncompressed, isCompressed } = header;
  const levelBytes = type === DATA_PAGE_V2 ? repetitionBytes + definitionBytes : 0;
  if (levelBytes > body.length || levelBytes > uncompressed) throw new EncodingError('its levels are longer than the page');
  const packed = body.subarray(levelBytes);
  const isPacked = type === DATA_PAGE_V2 ? isCompressed && packed.length > 0 : type === DATA_PAGE || type === DICTIONARY_PAGE;
  return { levels: body.subarray(0, levelBytes), packed, isPacked };
}

class PageDecoder {
  private readonly stored: ElementType;
  private readonly size: number;
  private readonly decodeElements: Decode;
  private dictionary: Float64Array | null = null;
  private values = new Float64Array(0);

  constructor(private readonly column: ParquetColumn) {
    this.stored = storedAs(column);
    this.size = BYTES_PER_ELEMENT[this.stored];
    this.decodeElements = decoder(this.stored, 'little');
  }

  /** Null for a page that holds no entries of its own. */
  decode(header: PageHeader, levels: Uint8Array, content: Uint8Array): Page | null {
    switch (header.type) {
      case DATA_PAGE:
        return this.dataPage(header, content);
      case DATA_PAGE_V2:
        return this.dataPageV2(header, levels, content);
      case DICTIONARY_PAGE:
        if (header.encoding !== PLAIN && header.encoding !== PLAIN_DICTIONARY)
          throw new EncodingError(`dictionaries of encoding ${header.encoding} are not expected`);
        this.dictionary = this.plain(content, header.entries, new Float64Array(Math.min(header.entries, content.length)));
        return null;
      default:
        return null;
    }
  }

  private dataPage({ entries, encoding }: PageHeader, bytes: Uint8Array): Page {
    let at = 0;
    const levels = (most: number): Uint8Array | null => {
      if (most === 0) return null;
      if (at + 4 > bytes.length) throw new EncodingError('it ends before its levels');
      const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
      at += 4;
      if (length > bytes.length - at) throw new EncodingError('its levels are longer than the page');
      at += length;
      return readLevels(bytes, at - length, at, most, entries);
    };
    const repetition = levels(this.column.repetition);
    const definition = levels(this.column.maxDefinition);
    return this.page(entries, repetition, definition, encoding, bytes.subarray(at));
  }

  private dataPageV2({ entries, encoding, repetitionBytes }: PageHeader, levels: Uint8Array, content: Uint8Array): Page {
    const { repetition: most, maxDefinition } = this.column;
    const repetition = most === 0 ? null : readLevels(levels, 0, repetitionBytes, most, entries);
    const definition = maxDefinition === 0 ? null : readLevels(levels, repetitionBytes, levels.length, maxDefinition, entries);
    return this.page(entries, repetition, definition, encoding, content);
  }

  private page(entries: number, repetition: Uint8Array | null, definition: Uint8Array | null, encoding: number, bytes: Uint8Array): Page {
    const present = definition === null ? entries : countOf(definition, this.column.maxDefinition);
    const room = this.values.length >= present ? this.values : new Float64Array(present);
    this.values = room;
    const values = this.read(encoding, bytes, present, room).subarray(0, present);
    return { entries, repetition, definition: present === entries ? null : definition, values };
  }

  private read(encoding: number, bytes: Uint8Array, count: number, into: Float64Array): Float64Array {
    if (count === 0) return into;
    switch (encoding) {
      case PLAIN:
        return this.plain(bytes, count, into);
      case PLAIN_DICTIONARY:
      case RLE_DICTIONARY:
        return this.looked(bytes, count, into);
      case BYTE_STREAM_SPLIT:
        return this.plain(joined(bytes, count, this.size), count, into);
      case DELTA_BINARY_PACKED:
        if (this.column.physical !== 'int32' && this.column.physical !== 'int64') break;
        return deltas(bytes, count, this.column.physical === 'int32' ? 32 : 64, this.stored.startsWith('u'), into);
    }
    throw new EncodingError(`values of encoding ${encoding} cannot be read`);
  }

  private plain(bytes: Uint8Array, count: number, into: Float64Array): Float64Array {
    if (count * this.size > bytes.length)
      throw new EncodingError(`${count} values of ${this.stored} need more than its ${bytes.length} bytes`);
    this.decodeElements(bytes, 0, 1, into, 0, 1, count);
    return into;
  }

  private looked(bytes: Uint8Array, count: number, into: Float64Array): Float64Array {
    const { dictionary } = this;
    if (dictionary === null) throw new EncodingError('it refers to a dictionary, but none came before it');
    if (bytes.length === 0) throw new EncodingError('it ends before its indices');
    const indices = new Uint32Array(count);
    readRuns(bytes, 1, bytes.length, bytes[0]!, indices);
    const most = dictionary.length;
    for (let i = 0; i < count; i++) {
      const index = indices[i]!;
      if (index >= most) throw new EncodingError(`it refers to entry ${index} of a dictionary of ${most}`);
      into[i] = dictionary[index]!;
    }
    return into;
  }
}

function readLevels(bytes: Uint8Array, from: number, end: number, most: number, entries: number): Uint8Array {
  const levels = new Uint8Array(entries);
  readRuns(bytes, from, end, 32 - Math.clz32(most), levels);
  return levels;
}

function countOf(levels: Uint8Array, level: number): number {
  let count = 0;
  for (let i = 0; i < levels.length; i++) if (levels[i] === level) count++;
  return count;
}

/** The first bytes of all values, then the second ones, ...: back to one value after another. */
function joined(bytes: Uint8Array, count: number, size: number): Uint8Array {
  if (count * size > bytes.length) throw new EncodingError(`${count} values need more than its ${bytes.length} bytes`);
  const values = new Uint8Array(count * size);
  for (let k = 0; k < size; k++) {
    for (let i = 0, at = k; i < count; i++, at += size) values[at] = bytes[k * count + i]!;
  }
  return values;
}

/** Differences in blocks, each with the smallest taken off. https://parquet.apache.org/docs/file-format/data-pages/encodings/ (DELTA_BINARY_PACKED) */
function deltas(bytes: Uint8Array, count: number, bits: 32 | 64, unsigned: boolean, into: Float64Array): Float64Array {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) throw new EncodingError('its differences end too soon');
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new EncodingError('a number has more than 64 bits');
  };
  const zigzag = (): bigint => {
    const value = varint();
    return (value >> 1n) ^ -(value & 1n);
  };
  const perBlock = Number(varint());
  const perMini = perBlock / Number(varint());
  const total = Number(varint());
  if (!(perMini > 0 && perMini % 8 === 0 && perBlock <= 2 ** 20))
    throw new EncodingError('its differences come in blocks of an unknown kind');
  if (total < count) throw new EncodingError(`it has ${total} values where ${count} were expected`);
  const wrap = unsigned ? BigInt.asUintN : BigInt.asIntN;
  let value = zigzag();
  let done = 0;
  into[done++] = Number(wrap(bits, value));
  while (done < count) {
    const least = zigzag();
    const minis = perBlock / perMini;
    if (at + minis > bytes.length) throw new EncodingError('its differences end too soon');
    const widths = bytes.subarray(at, at + minis);
    at += minis;
    for (const width of widths) {
      if (done >= count) break;
      if (width > 64 || at + (perMini * width) / 8 > bytes.length) throw new EncodingError('its differences end too soon');
      for (let i = 0; i < perMini && done < count; i++) {
        let packed = 0n;
        for (let bit = 0; bit < width; ) {
          const place = i * width + bit;
          const taken = Math.min(8 - (place & 7), width - bit);
          packed |= BigInt((bytes[at + (place >> 3)]! >> (place & 7)) & (2 ** taken - 1)) << BigInt(bit);
          bit += taken;
        }
        value = BigInt.asIntN(64, value + least + packed);
        into[done++] = Number(wrap(bits, value));
      }
      at += (perMini * width) / 8;
    }
  }
  return into;
}
