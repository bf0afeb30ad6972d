import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { ByteOrder } from '../matrices/elements';
import { GGML_TYPES } from './ggml-blocks';

/** A tensor as the header of a GGUF file describes it. */
export interface GgufTensor {
  readonly name: string;
  /** ggml's number of the type. */
  readonly type: number;
  /** Last axis fastest, which is the reverse of the order in the file. */
  readonly shape: readonly number[];
  /** Bytes [start, end) of the file; `end` is `start` where the type is not known. */
  readonly start: number;
  readonly end: number;
}

export interface GgufHeader {
  readonly order: ByteOrder;
  /** By where they lie in the file. */
  readonly tensors: readonly GgufTensor[];
}

const MAGIC = 'GGUF';
/** Vocabularies of the largest models take some 20 MB. */
const MAX_HEADER_BYTES = 2 ** 28;
/** The largest models have some thousands. */
export const MAX_TENSORS = 200_000;
/** The limit on keys in the specification. */
const MAX_NAME_BYTES = 65_535;
const MAX_AXES = 4;
const MAX_NESTING = 4;
const DEFAULT_ALIGNMENT = 32;

/** Bytes of each type of metadata value, by its number; strings (8) and arrays (9) say their own length. */
const VALUE_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, null, null, 8, 8, 8] as const;
const UINT32 = 4;
const STRING = 8;
const ARRAY = 9;
const LENGTH_BYTES = 8;

/**
 * The table of contents of a GGUF file, versions 2 and 3: magic, version, counts, metadata, then a description of each tensor.
 * Of the metadata only the alignment is kept; the rest is passed over.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * @throws FormatError when the header is unsound, a tensor does not lie in the file, two overlap, or two have the same name
 */
export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  const cursor = new Cursor(source);
  await readVersion(cursor);
  await cursor.load(2 * LENGTH_BYTES);
  const tensorCount = cursor.count('tensors', 28);
  if (tensorCount > MAX_TENSORS) throw cursor.fault(`${tensorCount} tensors are announced, more than the ${MAX_TENSORS} that are read.`);
  const alignment = await readAlignment(cursor, cursor.count('metadata values', 13));
  const described: Described[] = [];
  for (let i = 0; i < tensorCount; i++) described.push(await readTensor(cursor));
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  return { order: cursor.order, tensors: placed(source, described, dataStart) };
}

async function readVersion(cursor: Cursor): Promise<void> {
  await cursor.load(MAGIC.length + 4);
  if (cursor.text(MAGIC.length) !== MAGIC) throw new FormatError(cursor.path, 0, 'a GGUF file should start with "GGUF".');
  const version = cursor.uint32();
  const swapped = ((version & 0xff) << 24) | ((version & 0xff00) << 8) | ((version >>> 8) & 0xff00) | (version >>> 24);
  // Versions are small numbers: one that is large is small in the other byte order, which nothing else tells.
  if ((version & 0xffff) === 0) cursor.order = 'big';
  const actual = cursor.order === 'big' ? swapped : version;
  if (actual === 1) throw cursor.fault('version 1 of GGUF is read by no program any more; convert the model again.');
  if (actual !== 2 && actual !== 3) throw cursor.fault(`version ${actual >>> 0} of GGUF is not known; 2 and 3 are.`);
}

async function readAlignment(cursor: Cursor, values: number): Promise<number> {
  let alignment = DEFAULT_ALIGNMENT;
  for (let i = 0; i < values; i++) {
    const key = await cursor.name('a key of the metadata');
    await cursor.load(4);
    const type = cursor.uint32();
    if (key === 'general.alignment' && type === UINT32) {
      await cursor.load(4);
      alignment = cursor.uint32();
      const powerOfTwo = alignment > 0 && (alignment & (alignment - 1)) === 0;
      if (!powerOfTwo) throw cursor.fault(`the alignment should be a power of two, not ${alignment}.`);
    } else {
      await passOver(cursor, type, 0);
    }
  }
  return alignment;
}

async function passOver(cursor: Cursor, type: number, nesting: number): Promise<void> {
  if (type === STRING) {
    await passOverStrings(cursor, 1);
  } else if (type === ARRAY) {
    await cursor.load(4 + LENGTH_BYTES);
    if (nesting === MAX_NESTING) throw cursor.fault('lists of the metadata lie in one another more deeply than any model needs.');
    const inner = cursor.uint32();
    const size = VALUE_BYTES[inner];
    const count = cursor.count('values of a list', size ?? LENGTH_BYTES);
    if (typeof size === 'number') cursor.skip(count * size);
    else if (inner === STRING) await passOverStrings(cursor, count);
    else for (let i = 0; i < count; i++) await passOver(cursor, inner, nesting + 1);
  } else {
    const size = VALUE_BYTES[type];
    if (typeof size !== 'number') throw cursor.fault(`a value of the metadata has the type ${type}, which is not a known one.`);
    await cursor.load(size);
    cursor.skip(size);
  }
}

async function passOverStrings(cursor: Cursor, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    // Waiting for nothing would take most of the time: vocabularies have some 200,000 words.
    if (!cursor.has(LENGTH_BYTES)) await cursor.load(LENGTH_BYTES);
    cursor.skip(cursor.count('bytes of text', 1));
  }
}

interface Described {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  /** From the start of the data. */
  readonly offset: number;
  readonly bytes: number;
}

async function readTensor(cursor: Cursor): Promise<Described> {
  const name = await cursor.name('the name of a tensor');
  const fail = (detail: string) => cursor.fault(`the entry for tensor ${JSON.stringify(name)} ${detail}`);
  await cursor.load(4);
  const axes = cursor.uint32();
  if (axes > MAX_AXES) throw fail(`has ${axes} axes, more than the ${MAX_AXES} of GGUF.`);
  await cursor.load(axes * LENGTH_BYTES + 4 + LENGTH_BYTES);
  const shape = Array.from({ length: axes }, () => cursor.uint64());
  const type = cursor.uint32();
  const offset = cursor.uint64();
  const elements = shape.reduce((product, n) => product * n, 1);
  const layout = GGML_TYPES.get(type);
  const row = shape[0] ?? 1;
  if (layout !== undefined && row % layout.blockElements !== 0) {
    throw fail(`has rows of ${row} elements, which are no whole blocks of ${layout.blockElements} as ${layout.dtype} needs.`);
  }
  const bytes = layout === undefined ? 0 : (elements / layout.blockElements) * layout.blockBytes;
  if (![...shape, elements, bytes, offset].every(Number.isSafeInteger)) throw fail('has sizes beyond what can be counted.');
  return { name, type, shape: shape.reverse(), offset, bytes };
}

function placed({ path, size }: ByteSource, described: readonly Described[], dataStart: number): GgufTensor[] {
  const names = new Set<string>();
  const tensors = described.map(({ name, type, shape, offset, bytes }): GgufTensor => {
    if (names.has(name)) throw new FormatError(path, null, `two tensors are named ${JSON.stringify(name)}.`);
    names.add(name);
    const start = dataStart + offset;
    const end = start + bytes;
    if (end > size) {
      throw new FormatError(
        path,
        null,
        `tensor ${JSON.stringify(name)} should end at byte ${end}, but the file has ${size} bytes; it is cut short or still being written.`,
      );
    }
    return { name, type, shape, start, end };
  });
  tensors.sort((a, b) => a.start - b.start || a.end - b.end);
  let last: GgufTensor | null = null;
  for (const tensor of tensors) {
    if (tensor.start === tensor.end) continue;
    if (last !== null && tensor.start < last.end) {
      throw new FormatError(path, tensor.start, `tensors ${JSON.stringify(last.name)} and ${JSON.stringify(tensor.name)} overlap here.`);
    }
    last = tensor;
  }
  return tensors;
}

/** Bytes held at a time. */
const CHUNK = 2 ** 18;

/** A place in the header. What `load` has made sure of can be read. */
class Cursor {
  order: ByteOrder = 'little';
  readonly path: string;
  private readonly size: number;
  private chunk = new Uint8Array(0);
  private view = new DataView(this.chunk.buffer);
  /** Byte of the file at which the chunk starts, and the place in it, which is beyond it after a long skip. */
  private base = 0;
  private at = 0;

  constructor(private readonly source: ByteSource) {
    this.path = source.path;
    this.size = source.size;
  }

  get position(): number {
    return this.base + this.at;
  }

  has(bytes: number): boolean {
    return this.at + bytes <= this.chunk.length;
  }

  /** @throws FormatError when the file ends before that */
  async load(bytes: number): Promise<void> {
    if (this.has(bytes)) return;
    const { position, size } = this;
    if (position + bytes > size) {
      throw new FormatError(
        this.path,
        position,
        `the header goes on here, but the file has ${size} bytes; it is cut short or still being written.`,
      );
    }
    if (position > MAX_HEADER_BYTES) throw this.fault('the header is longer than that of any model.');
    this.chunk = new Uint8Array(Math.min(size - position, Math.max(CHUNK, bytes)));
    this.view = new DataView(this.chunk.buffer);
    this.base = position;
    this.at = 0;
    await this.source.read(position, this.chunk);
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  uint32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, this.order === 'little');
  }

  /** Not exact, and no safe integer, from 2^53 on. */
  uint64(): number {
    const [first, second] = [this.uint32(), this.uint32()];
    return this.order === 'little' ? second * 2 ** 32 + first : first * 2 ** 32 + second;
  }

  /**
   * A number of things that follow.
   * @throws FormatError when the file is too short for so many, at `bytesEach` or more
   */
  count(what: string, bytesEach: number): number {
    const count = this.uint64();
    if (count * bytesEach > this.size - this.position) {
      throw this.fault(
        `${count} ${what} are announced, but the file has ${this.size} bytes; it is damaged, cut short or still being written.`,
      );
    }
    return count;
  }

  text(bytes: number): string {
    this.at += bytes;
    return Buffer.from(this.chunk.buffer, this.at - bytes, bytes).toString('latin1');
  }

  async name(what: string): Promise<string> {
    if (!this.has(LENGTH_BYTES)) await this.load(LENGTH_BYTES);
    const length = this.count(`bytes of ${what}`, 1);
    if (length > MAX_NAME_BYTES) throw this.fault(`${what} has ${length} bytes, more than the ${MAX_NAME_BYTES} of GGUF.`);
    if (!this.has(length)) await this.load(length);
    this.at += length;
    try {
      return UTF8.decode(this.chunk.subarray(this.at - length, this.at));
    } catch {
      throw this.fault(`${what} is not UTF-8.`);
    }
  }

  fault(detail: string): FormatError {
    return new FormatError(this.path, this.position, detail);
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
