import type { ByteSource, ByteStream, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, type ByteOrder, type ElementType } from '../matrices/elements';
import { contiguousStrides, type Flattening, flatten, matrixStrides } from '../matrices/flatten';
import { streamedMatrix } from '../matrices/streamed-matrix';
import { stridedMatrix } from '../matrices/strided-matrix';
import type { MatrixSource, TensorFile, TensorInfo } from '../matrix-source';

/**
 * One array in NumPy's own format: magic, version, a header that is a Python dictionary, then the elements.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (versions 1.0 to 3.0)
 */
export const npy: Reader = {
  async open(path: string, openBytes: OpenBytes): Promise<TensorFile> {
    const source = await openBytes(path);
    try {
      const array = await readNpy('', source);
      return {
        path,
        format: 'npy',
        bytes: source.size,
        tensors: [array.info],
        warnings: array.warnings,
        fingerprint: `${path} ${source.fingerprint}`,
        matrix(name) {
          if (name !== '')
            throw new FormatError(path, null, `there is no tensor named ${JSON.stringify(name)}: the file holds one unnamed array.`);
          return array.matrix();
        },
        close: () => source.close(),
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

/** The header of an array, and the way to its elements. */
export interface NpyArray {
  readonly info: TensorInfo;
  readonly warnings: readonly string[];
  /** @throws FormatError when the array is not a matrix */
  matrix(): MatrixSource;
}

/**
 * @param name of the array in its file; it decides how more than two axes are flattened
 * @throws FormatError when the header or the length of the data is unsound
 */
export async function readNpy(name: string, data: ByteSource | ByteStream): Promise<NpyArray> {
  const { path } = data;
  const { text, offset } = await readHeader(data);
  const header = new HeaderParser(path, text, offset - text.length).parse();
  const descr = elementOf(header.descr);
  const elements = header.shape.reduce((a, b) => a * b, 1);
  const bytes = descr.bytes === null ? data.size - offset : elements * descr.bytes;
  const end = offset + bytes;
  const what = `shape (${header.shape.join(', ')}) of ${descr.name}`;
  if (!Number.isSafeInteger(end) || end > data.size) {
    throw new FormatError(path, data.size, `the data ends here, but ${what} needs ${bytes} bytes from byte ${offset}.`);
  }
  const warnings = [...descr.warnings];
  if (end < data.size) warnings.push(`${what} ends at byte ${end}, but ${data.size - end} more bytes follow; they are ignored.`);

  const { type, order } = descr;
  const flattening: Flattening = type === null ? { matrix: null, rowAxes: 0, note: descr.note } : flatten(name, header.shape);
  const { rowAxes } = flattening;
  const note =
    header.fortran && header.shape.length > 2 && flattening.note !== null
      ? `${flattening.note} The array is in Fortran order: of merged axes, the first runs fastest.`
      : flattening.note;
  const strides = matrixStrides(header.shape, contiguousStrides(header.shape, header.fortran ? 'F' : 'C'), rowAxes);
  return {
    info: { name, dtype: descr.name, shape: header.shape, bytes, matrix: flattening.matrix, note },
    warnings,
    matrix() {
      const { matrix } = flattening;
      if (matrix === null || type === null || strides === null) throw new FormatError(path, null, note ?? 'the array is not a matrix.');
      const layout = { offset, type, order, ...matrix };
      if ('read' in data) return stridedMatrix(data, { ...layout, ...strides });
      const byRow = strides.columnStride === 1 || matrix.columns === 1;
      return streamedMatrix(data, { ...layout, major: byRow ? 'row' : 'column' });
    },
  };
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy itself refuses headers above 10,000 characters; wide structured types come near it. */
const MOST_HEADER_BYTES = 2 ** 20;

async function readHeader(data: ByteSource | ByteStream): Promise<{ text: string; offset: number }> {
  const { path } = data;
  const start = await head(data, Math.min(data.size, 12));
  for (const [i, byte] of MAGIC.entries()) {
    if (start[i] !== byte) throw new FormatError(path, i, 'a NumPy array should start with the bytes \\x93NUMPY.');
  }
  if (start.length < 10) throw new FormatError(path, start.length, 'the file ends inside the NumPy header.');
  const [major, minor] = [start[6]!, start[7]!];
  if (major < 1 || major > 3 || minor !== 0)
    throw new FormatError(path, 6, `NumPy format version ${major}.${minor} is unknown; 1.0 to 3.0 can be read.`);
  const lengthBytes = major === 1 ? 2 : 4;
  const offset = 8 + lengthBytes;
  if (start.length < offset) throw new FormatError(path, start.length, 'the file ends inside the NumPy header.');
  let length = 0;
  for (let i = offset - 1; i >= 8; i--) length = length * 256 + start[i]!;
  if (offset + length > data.size) {
    throw new FormatError(path, 8, `the header should have ${length} bytes, but the file ends at byte ${data.size}.`);
  }
  if (length > MOST_HEADER_BYTES) throw new FormatError(path, 8, `a header of ${length} bytes is longer than any array needs.`);
  const bytes = (await head(data, offset + length)).subarray(offset);
  return { text: new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(bytes), offset: offset + length };
}

async function head(data: ByteSource | ByteStream, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  if ('read' in data) {
    await data.read(0, bytes);
    return bytes;
  }
  let filled = 0;
  for await (const chunk of data.chunks()) {
    const piece = chunk.subarray(0, length - filled);
    bytes.set(piece, filled);
    filled += piece.length;
    if (filled === length) break;
  }
  return bytes;
}

interface Element {
  /** Canonical name, or NumPy's own where there is no number to read. */
  readonly name: string;
  /** Per element; null where only its content tells. */
  readonly bytes: number | null;
  /** Null when the elements are not numbers that can be read; `note` then says so. */
  readonly type: ElementType | null;
  readonly order: ByteOrder;
  readonly note: string | null;
  readonly warnings: readonly string[];
}

/** By kind and bytes, as in `<f4`. */
const TYPES: Readonly<Record<string, ElementType>> = {
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  // Only ml_dtypes has a one-byte float of this kind.
  f1: 'float8_e5m2',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

const NOT_NUMBERS: Readonly<Record<string, string>> = {
  O: 'Python objects are pickled, and are not read; save numbers (an array with a numeric dtype).',
  S: 'Byte strings are not numbers.',
  U: 'Text is not numbers.',
  M: 'Dates are not numbers.',
  m: 'Time spans are not numbers.',
  c: 'Complex numbers have no spectrum here; save the real and imaginary parts as columns.',
  f: 'This floating-point type depends on the machine; save the array as float64 or float32.',
  V: 'The dtype is a raw block of bytes without a meaning; save the array as float32.',
};

function elementOf(descr: string | null): Element {
  const unreadable = (name: string, bytes: number | null, note: string): Element => ({
    name,
    bytes,
    type: null,
    order: 'little',
    note,
    warnings: [],
  });
  if (descr === null) return unreadable('structured', null, 'A structured dtype is a table, not a matrix; save one of its fields.');
  const match = /^([<>=|]?)([biufcmMOSUVt])(\d{0,9})(\[.*\])?$/.exec(descr);
  if (match === null) return unreadable(descr, null, `The dtype ${JSON.stringify(descr)} is unknown.`);
  const [, mark, kind, digits] = match as unknown as [string, string, string, string];
  const size = Number(digits);
  const order: ByteOrder = mark === '>' ? 'big' : 'little';
  const type = TYPES[kind + size];
  if (type !== undefined) return { name: type, bytes: BYTES_PER_ELEMENT[type], type, order, note: null, warnings: [] };
  if (kind === 'V' && size === 2) {
    // The format has no name for bfloat16: NumPy writes the two bytes of ml_dtypes' type as a void.
    const warning = 'The dtype is an unnamed two-byte type, as NumPy writes bfloat16; it is read as bfloat16.';
    return { name: 'bfloat16', bytes: 2, type: 'bfloat16', order, note: null, warnings: [warning] };
  }
  if (kind === 'V' && size === 1) {
    return unreadable(
      'void8',
      1,
      'The dtype is an unnamed one-byte type, as NumPy writes most float8 types and int4; save the array as float32.',
    );
  }
  // Text is counted in characters of four bytes, and objects are pickled together.
  const bytes = kind === 'O' ? null : kind === 'U' ? 4 * size : size;
  return unreadable(descr, bytes, NOT_NUMBERS[kind] ?? `The dtype ${JSON.stringify(descr)} cannot be read as numbers.`);
}

interface Header {
  /** Null for a structured dtype, which is a list. */
  readonly descr: string | null;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** NumPy's own limit. */
const MOST_AXES = 64;

type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<string, Literal>;

/** The dictionary literal of a header: strings, whole numbers, True, False, None, lists, tuples and dictionaries. Nothing is evaluated. */
class HeaderParser {
  private at = 0;

  constructor(
    private readonly path: string,
    private readonly text: string,
    /** Byte of the text in the file. */
    private readonly start: number,
  ) {}

  parse(): Header {
    const value = this.literal(0);
    this.space();
    if (this.at < this.text.length) throw this.error('nothing more was expected after the dictionary');
    if (!(value instanceof Map)) throw this.error('a dictionary was expected');
    const descr = value.get('descr') as Literal | undefined;
    const fortran = value.get('fortran_order') as Literal | undefined;
    const shape = value.get('shape') as Literal | undefined;
    if (value.size !== 3 || descr === undefined || fortran === undefined || shape === undefined) {
      throw this.error("exactly the keys 'descr', 'fortran_order' and 'shape' were expected");
    }
    if (typeof descr !== 'string' && !Array.isArray(descr)) throw this.error("'descr' should be a string or a list");
    if (typeof fortran !== 'boolean') throw this.error("'fortran_order' should be True or False");
    if (!Array.isArray(shape) || shape.length > MOST_AXES || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw this.error("'shape' should be a tuple of sizes");
    }
    return { descr: typeof descr === 'string' ? descr : null, fortran, shape };
  }

  private literal(depth: number): Literal {
    if (depth > 32) throw this.error('the dictionary is nested too deeply');
    this.space();
    const rest = this.text[this.at];
    if (rest === '{') return this.dictionary(depth);
    if (rest === '(') return this.sequence(')', depth);
    if (rest === '[') return this.sequence(']', depth);
    if (rest === "'" || rest === '"') return this.string(rest);
    // Python 2 wrote long integers with an L.
    const token = this.take(/-?\d+L?|True|False|None/y);
    if (token === null) throw this.error('a Python literal was expected');
    if (token === 'None') return null;
    if (token === 'True' || token === 'False') return token === 'True';
    return Number(token.replace('L', ''));
  }

  private dictionary(depth: number): ReadonlyMap<string, Literal> {
    const entries = new Map<string, Literal>();
    this.expect('{');
    while (!this.accept('}')) {
      const key = this.literal(depth + 1);
      if (typeof key !== 'string' || entries.has(key)) throw this.error('each key should be a string, once');
      this.expect(':');
      entries.set(key, this.literal(depth + 1));
      if (!this.accept(',')) {
        this.expect('}');
        break;
      }
    }
    return entries;
  }

  private sequence(close: ')' | ']', depth: number): readonly Literal[] {
    const items: Literal[] = [];
    this.at++;
    while (!this.accept(close)) {
      items.push(this.literal(depth + 1));
      if (!this.accept(',')) {
        this.expect(close);
        break;
      }
    }
    return items;
  }

  private string(quote: string): string {
    const body = this.take(quote === "'" ? /'((?:[^'\\\n]|\\.)*)'/y : /"((?:[^"\\\n]|\\.)*)"/y);
    if (body === null) throw this.error('this string does not end');
    return body.slice(1, -1);
  }

  private space(): void {
    this.take(/\s*/y);
  }

  private accept(character: string): boolean {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private expect(character: string): void {
    if (!this.accept(character)) throw this.error(`${JSON.stringify(character)} was expected`);
  }

  private take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const token = pattern.exec(this.text)?.[0] ?? null;
    this.at += token?.length ?? 0;
    return token;
  }

  private error(detail: string): FormatError {
    return new FormatError(this.path, this.start + this.at, `the NumPy header is not sound: ${detail}.`);
  }
}
