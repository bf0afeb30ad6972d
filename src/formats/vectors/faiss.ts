import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, decoder, type ElementType } from '../matrices/elements';
import { checkRows, readInOrder } from '../matrices/row-blocks';
import { MOST_COLUMNS, stridedMatrix } from '../matrices/strided-matrix';
import { unnamedArray } from '../matrices/unnamed-array';
import type { MatrixSource, TensorFile } from '../matrix-source';

/** Bytes read at once from an inverted list. */
const READ_BYTES = 8 * 2 ** 20;
/** 16 MiB where each list begins. */
const MOST_LISTS = 2 ** 20;
/** Indexes inside each other: `IxMp` > `IxPT` > `IHNf` > `IxF2` is as deep as people build them. */
const MOST_NESTED = 8;

/** What an index that keeps no vectors keeps instead, by its code. */
const COMPRESSED: readonly (readonly [RegExp, string])[] = [
  [/^(IxPq|IwPQ|IwQR|IPfs|IwPf|IHNp|INSp|Ix2L|IHN2|Imiq)$/, 'product quantisation'],
  [/^(IxSQ|IwSq|IHNs|INSs)$/, 'scalar quantisation'],
  [/^(Ix|Iw|IR|IL|IP|IV|NP|Im)(Rq|RQ|LS|PR|PL|fs|Lf|Rf)$/, 'additive quantisation'],
  [/^(IxHe|IwSh|IB\w\w)$/, 'bits'],
  [/^(Ixrq|Iwrq|Ixrr|Iwrr)$/, 'RaBitQ'],
  [/^IxLa$/, 'a lattice'],
];

/** `ScalarQuantizer::QuantizerType` whose codes are numbers as they are. */
const PLAIN_CODES: Readonly<Record<number, ElementType>> = { 4: 'float16', 5: 'uint8', 7: 'bfloat16' };

/** Vectors of an index, together or in inverted lists. */
interface Vectors {
  readonly type: ElementType;
  readonly columns: number;
  /** Where runs of vectors lie; all but flat indexes of inverted lists have one. */
  readonly runs: Runs;
  /** Each a sentence. */
  readonly notes: readonly string[];
}

interface Runs {
  /** Rows before each run; one more than there are runs. */
  readonly rows: Float64Array;
  /** Byte at which each run begins. */
  readonly bytes: Float64Array;
}

/**
 * Indexes of FAISS that keep their vectors as they are. The layout is that of faiss/impl/index_write.cpp (1.7 to 1.12): each class is its
 * code of four letters, the fields of its parent, then its own; a vector of C++ is its length (uint64) and its elements.
 */
export const faiss: Reader = {
  async open(path: string, openBytes: OpenBytes): Promise<TensorFile> {
    const source = await openBytes(path);
    try {
      const { type, columns, runs, notes } = await readIndex(new Fields(source), 0);
      const rows = runs.rows.at(-1)!;
      if (rows === 0) throw new FormatError(path, null, 'the index holds no vectors.');
      const matrix = runs.bytes.length === 1 ? together(source, type, rows, columns, runs.bytes[0]!) : inRuns(source, type, columns, runs);
      const info = {
        dtype: type,
        shape: [rows, columns],
        bytes: rows * columns * BYTES_PER_ELEMENT[type],
        matrix: { rows, columns },
        note: notes.length === 0 ? null : notes.join(' '),
      };
      return unnamedArray(source, 'faiss', info, [], () => matrix);
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

interface Header {
  readonly columns: number;
  readonly rows: number;
}

async function readIndex(fields: Fields, depth: number): Promise<Vectors> {
  const start = fields.at;
  const code = await fields.code();
  if (depth === MOST_NESTED) fields.refuse(`more than ${MOST_NESTED} indexes are nested.`, start);
  switch (code) {
    case 'IxF2':
    case 'IxFI':
    case 'IxFl':
      return flat(fields, await readHeader(fields), 'float32', 4);
    case 'IxSQ':
      return scalarQuantised(fields, await readHeader(fields));
    case 'IxMp':
    case 'IxM2': {
      await readHeader(fields);
      const inner = await readIndex(fields, depth + 1);
      await fields.skipVector(8);
      return inner;
    }
    case 'IHNf': {
      await readHeader(fields);
      // HNSW: probabilities of levels, neighbours by level, levels, offsets, neighbours; then five integers.
      for (const elementBytes of [8, 4, 4, 8, 4]) await fields.skipVector(elementBytes);
      fields.skip(5 * 4);
      return readIndex(fields, depth + 1);
    }
    case 'IxPT': {
      const { columns } = await readHeader(fields);
      const transforms = await fields.int32();
      if (transforms < 0 || transforms > MOST_NESTED) fields.refuse(`the index has ${transforms} transforms.`, start);
      for (let i = 0; i < transforms; i++) await skipTransform(fields);
      const inner = await readIndex(fields, depth + 1);
      const note = `The vectors are those after the index's own transform, of ${columns} dimensions to ${inner.columns}.`;
      return { ...inner, notes: [note, ...inner.notes] };
    }
    case 'IwFl':
      return invertedLists(fields, depth);
    case 'null':
      return fields.refuse('the index was saved without its vectors.', start);
  }
  const how = COMPRESSED.find(([codes]) => codes.test(code))?.[1];
  if (how !== undefined) fields.refuse(`the index (${code}) is compressed by ${how}: its vectors cannot be read exactly.`, start);
  return fields.refuse(
    `an index of kind ${JSON.stringify(code)} is not known; flat ones, by themselves, with ids, in HNSW or IVF, are read.`,
    start,
  );
}

async function readHeader(fields: Fields): Promise<Header> {
  const start = fields.at;
  const columns = await fields.int32();
  const rows = await fields.count();
  // Two numbers without meaning, and whether it is trained.
  fields.skip(8 + 8 + 1);
  const metric = await fields.int32();
  if (metric > 1) fields.skip(4);
  if (columns < 1 || columns > MOST_COLUMNS) fields.refuse(`vectors have length ${columns}; 1 to ${MOST_COLUMNS} was expected.`, start);
  return { columns, rows };
}

/** @param unit bytes of what the length of the codes counts */
async function flat(fields: Fields, { rows, columns }: Header, type: ElementType, unit: number): Promise<Vectors> {
  const start = fields.at;
  const bytes = (await fields.count()) * unit;
  if (bytes !== rows * columns * BYTES_PER_ELEMENT[type])
    fields.refuse(`${rows} vectors of length ${columns} do not take ${bytes} bytes.`, start);
  const from = fields.at;
  fields.skip(bytes);
  return { type, columns, runs: { rows: Float64Array.of(0, rows), bytes: Float64Array.of(from) }, notes: [] };
}

async function scalarQuantised(fields: Fields, header: Header): Promise<Vectors> {
  const start = fields.at;
  const type = PLAIN_CODES[await fields.int32()];
  if (type === undefined)
    return fields.refuse('the index (IxSQ) is compressed by scalar quantisation: its vectors cannot be read exactly.', start);
  fields.skip(4 + 4 + 8 + 8);
  await fields.skipVector(4);
  return flat(fields, header, type, 1);
}

/** The vectors of IVFFlat, list by list. */
async function invertedLists(fields: Fields, depth: number): Promise<Vectors> {
  const { columns, rows } = await readHeader(fields);
  fields.skip(8 + 8);
  // The centroids are an index of their own.
  await readIndex(fields, depth + 1);
  const hashed = (await fields.byte()) === 2;
  await fields.skipVector(8);
  if (hashed) await fields.skipVector(16);

  const start = fields.at;
  const kind = await fields.code();
  if (kind !== 'ilar')
    fields.refuse(`the inverted lists are of kind ${JSON.stringify(kind)}; those in the file itself ("ilar") are read.`, start);
  const lists = await fields.count();
  const codeBytes = await fields.count();
  const rowBytes = columns * 4;
  if (codeBytes !== rowBytes) fields.refuse(`vectors of length ${columns} take ${rowBytes} bytes, not ${codeBytes}.`, start);
  const sparse = (await fields.code()) === 'sprs';
  const numbers = await fields.count();
  if (lists > MOST_LISTS || numbers > 2 * MOST_LISTS) fields.refuse(`there are ${lists} inverted lists; ${MOST_LISTS} can be read.`, start);
  const sizes = await fields.counts(numbers);

  // Of sparse ones each number is preceded by that of its list, which says nothing about where it lies.
  const lengths = sizes.filter((size, i) => (sparse ? i % 2 === 1 : true) && size > 0);
  const runs: Runs = { rows: new Float64Array(lengths.length + 1), bytes: new Float64Array(lengths.length) };
  lengths.forEach((length, i) => {
    runs.rows[i + 1] = runs.rows[i]! + length;
    runs.bytes[i] = fields.at;
    fields.skip(length * (rowBytes + 8));
  });
  const held = runs.rows.at(-1)!;
  if (held !== rows) fields.refuse(`the inverted lists hold ${held} vectors, but the index ${rows}.`, start);
  const note = 'Rows stand list by list, not in the order in which they were added.';
  return { type: 'float32', columns, runs, notes: lengths.length > 1 ? [note] : [] };
}

async function skipTransform(fields: Fields): Promise<void> {
  const start = fields.at;
  const code = await fields.code();
  switch (code) {
    case 'Pcam':
      fields.skip(4 + 4 + 1 + 4);
      for (let i = 0; i < 3; i++) await fields.skipVector(4);
      await skipLinear(fields);
      break;
    case 'rrot':
    case 'LTra':
      await skipLinear(fields);
      break;
    case 'RmDT':
    case 'VCnt':
      await fields.skipVector(4);
      break;
    case 'VNrm':
      fields.skip(4);
      break;
    default:
      fields.refuse(`a transform of kind ${JSON.stringify(code)} is not known.`, start);
  }
  fields.skip(4 + 4 + 1);
}

async function skipLinear(fields: Fields): Promise<void> {
  fields.skip(1);
  await fields.skipVector(4);
  await fields.skipVector(4);
}

/** What a file says one after the other, little-endian. Nothing is passed over that the file does not have. */
class Fields {
  at = 0;

  constructor(private readonly source: ByteSource) {}

  refuse(detail: string, at: number): never {
    throw new FormatError(this.source.path, at, detail);
  }

  skip(bytes: number): void {
    const { size } = this.source;
    // Not above it: NaN and what is no safe integer neither.
    if (!(this.at + bytes <= size)) this.refuse(`${bytes} bytes were expected, but the file ends at byte ${size}.`, this.at);
    this.at += bytes;
  }

  async code(): Promise<string> {
    return Buffer.from((await this.view(4)).buffer).toString('latin1');
  }

  async byte(): Promise<number> {
    return (await this.view(1)).getUint8(0);
  }

  async int32(): Promise<number> {
    return (await this.view(4)).getInt32(0, true);
  }

  /** A number of things, each of which takes a byte or more of the file. */
  async count(): Promise<number> {
    return (await this.counts(1))[0]!;
  }

  /** @param n bounded by the caller */
  async counts(n: number): Promise<Float64Array> {
    const start = this.at;
    const view = await this.view(8 * n);
    const values = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const value = view.getBigUint64(8 * i, true);
      if (value > BigInt(this.source.size))
        this.refuse(`a size of ${value} was read; the file has ${this.source.size} bytes.`, start + 8 * i);
      values[i] = Number(value);
    }
    return values;
  }

  async skipVector(elementBytes: number): Promise<void> {
    this.skip((await this.count()) * elementBytes);
  }

  private async view(bytes: number): Promise<DataView<ArrayBuffer>> {
    const start = this.at;
    this.skip(bytes);
    const content = new Uint8Array(bytes);
    await this.source.read(start, content);
    return new DataView(content.buffer);
  }
}

function together(source: ByteSource, type: ElementType, rows: number, columns: number, offset: number): MatrixSource {
  return stridedMatrix(source, { offset, type, order: 'little', rows, columns, rowStride: columns, columnStride: 1 });
}

function inRuns(source: ByteSource, type: ElementType, columns: number, runs: Runs): MatrixSource {
  const rows = runs.rows.at(-1)!;
  const rowBytes = columns * BYTES_PER_ELEMENT[type];
  const rowsPerRead = Math.max(1, Math.floor(READ_BYTES / rowBytes));
  const decode = decoder(type, 'little');
  const read = async (first: number, count: number, into: Float64Array): Promise<void> => {
    checkRows(first, count, rows);
    const buffer = new Uint8Array(Math.min(count, rowsPerRead) * rowBytes);
    let run = runOf(runs, first);
    for (let row = first; row < first + count; ) {
      while (runs.rows[run + 1]! <= row) run++;
      const n = Math.min(first + count - row, runs.rows[run + 1]! - row, rowsPerRead);
      const bytes = buffer.subarray(0, n * rowBytes);
      await source.read(runs.bytes[run]! + (row - runs.rows[run]!) * rowBytes, bytes);
      decode(bytes, 0, 1, into, (row - first) * columns, 1, n * columns);
      row += n;
    }
  };
  return { rows, columns, access: 'random', read, stream: (rowsPerBlock) => readInOrder(read, rows, columns, rowsPerBlock) };
}

/** Index of the run that holds a row. */
function runOf({ rows }: Runs, row: number): number {
  let [low, high] = [0, rows.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows[middle]! <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
