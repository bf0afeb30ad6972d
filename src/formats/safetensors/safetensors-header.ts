import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import { parseBoundedJson } from '../json/bounded-json';
import { BYTES_PER_ELEMENT, type ElementType } from '../matrices/elements';

/** A tensor as the header of a safetensors file describes it. */
export interface HeaderEntry {
  readonly name: string;
  /** As NumPy and PyTorch call it where they have it, else the header's word in lower case. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes [start, end) of the file. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** By where they lie in the file. */
  readonly entries: readonly HeaderEntry[];
  readonly warnings: readonly string[];
}

const LENGTH_BYTES = 8;
/** The reference's own limit (`MAX_HEADER_SIZE` of safetensors/src/tensor.rs). */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

interface HeaderType {
  readonly dtype: string;
  readonly bits: number;
}

/** Characters of a name or value in a message. */
const MOST_QUOTED = 200;

const TYPES: ReadonlyMap<unknown, HeaderType> = new Map<string, HeaderType>([
  ...Object.entries({
    BOOL: 'bool',
    I8: 'int8',
    U8: 'uint8',
    I16: 'int16',
    U16: 'uint16',
    I32: 'int32',
    U32: 'uint32',
    I64: 'int64',
    U64: 'uint64',
    F8_E4M3: 'float8_e4m3fn',
    F8_E4M3FNUZ: 'float8_e4m3fnuz',
    F8_E5M2: 'float8_e5m2',
    F8_E5M2FNUZ: 'float8_e5m2fnuz',
    F8_E8M0: 'float8_e8m0fnu',
    F16: 'float16',
    BF16: 'bfloat16',
    F32: 'float32',
    F64: 'float64',
  } satisfies Record<string, ElementType>).map(([word, dtype]): [string, HeaderType] => [
    word,
    { dtype, bits: 8 * BYTES_PER_ELEMENT[dtype] },
  ]),
  ['C64', { dtype: 'complex64', bits: 64 }],
  ['F4', { dtype: 'float4_e2m1fn', bits: 4 }],
  ['F6_E2M3', { dtype: 'float6_e2m3fn', bits: 6 }],
  ['F6_E3M2', { dtype: 'float6_e3m2fn', bits: 6 }],
]);

/**
 * The table of contents of a safetensors file: 8 bytes of header length, little-endian, then JSON, then the tensors' bytes.
 *
 * The reference refuses files with bytes that belong to no tensor; here they are a warning, since they harm nothing that is read.
 * Of a name that occurs twice the last entry counts, as in the reference; the bytes of the first then show up as such a gap.
 *
 * @throws FormatError when the header is unsound, a tensor does not lie in the file or does not have the size of its shape, or two overlap
 */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { path, size } = source;
  const dataStart = await readDataStart(source);
  const text = new Uint8Array(dataStart - LENGTH_BYTES);
  await source.read(LENGTH_BYTES, text);
  const header = parseBoundedJson(text, path, 'the header', LENGTH_BYTES);
  if (!isRecord(header)) throw new FormatError(path, LENGTH_BYTES, 'the header should be a JSON object.');

  const entries: HeaderEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== METADATA) entries.push(readEntry(path, name, value, dataStart, size));
  }
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  return { entries, warnings: checkGaps(path, entries, dataStart, size) };
}

async function readDataStart(source: ByteSource): Promise<number> {
  const { path, size } = source;
  if (size < LENGTH_BYTES) {
    throw new FormatError(
      path,
      0,
      `the file has ${size} bytes, too few for a safetensors header; it is empty, cut short or still being written.`,
    );
  }
  const word = new Uint8Array(LENGTH_BYTES);
  await source.read(0, word);
  const length = new DataView(word.buffer).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new FormatError(
      path,
      0,
      `a header of ${length} bytes is announced, more than any safetensors file has; this is another kind of file.`,
    );
  }
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > size) {
    throw new FormatError(
      path,
      0,
      `the header should end at byte ${dataStart}, but the file has ${size} bytes; it is cut short or still being written.`,
    );
  }
  return dataStart;
}

function readEntry(path: string, name: string, value: unknown, dataStart: number, size: number): HeaderEntry {
  const fail = (detail: string) =>
    new FormatError(path, LENGTH_BYTES, `the header's entry for tensor ${JSON.stringify(name.slice(0, MOST_QUOTED))} ${detail}`);
  if (!isRecord(value)) throw fail('should be a JSON object.');
  const type = TYPES.get(value.dtype);
  if (value.dtype === undefined) throw fail('should have a dtype.');
  if (type === undefined) throw fail(`has the type ${JSON.stringify(value.dtype).slice(0, MOST_QUOTED)}, which is not a known one.`);
  const { shape, data_offsets: offsets } = value;
  if (!isSizes(shape)) throw fail('should have a shape of whole numbers.');
  if (!isSizes(offsets) || offsets.length !== 2) throw fail('should have two data_offsets, both whole numbers.');
  const [from, to] = offsets as [number, number];
  const start = dataStart + from;
  const end = dataStart + to;
  if (to < from) throw fail(`ends at byte ${end}, before it starts at byte ${start}.`);
  if (end > size) throw fail(`says that it ends at byte ${end}, but the file has ${size} bytes; it is cut short or still being written.`);
  const bits = shape.reduce((product, n) => product * n, type.bits);
  if (bits !== 8 * (to - from)) {
    throw fail(`gives it ${to - from} bytes, but shape (${shape.join(', ')}) of ${value.dtype} takes ${bits / 8}.`);
  }
  return { name, dtype: type.dtype, shape, start, end };
}

function checkGaps(path: string, entries: readonly HeaderEntry[], dataStart: number, size: number): string[] {
  let unused = 0;
  let last = { name: '', end: dataStart };
  for (const entry of entries) {
    if (entry.start === entry.end) continue;
    if (entry.start < last.end) {
      throw new FormatError(
        path,
        entry.start,
        `tensors ${JSON.stringify(last.name.slice(0, MOST_QUOTED))} and ${JSON.stringify(entry.name.slice(0, MOST_QUOTED))} overlap here.`,
      );
    }
    unused += entry.start - last.end;
    last = entry;
  }
  unused += size - last.end;
  return unused === 0 ? [] : [`${unused} bytes of ${path} belong to no tensor; other readers may refuse the file.`];
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
