import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, decoder, type ElementType } from '../matrices/elements';
import { checkRows, readInOrder } from '../matrices/row-blocks';
import { MOST_COLUMNS } from '../matrices/strided-matrix';
import { unnamedArray } from '../matrices/unnamed-array';
import type { MatrixSource, TensorFile } from '../matrix-source';

const TYPES: Readonly<Record<string, ElementType>> = { f: 'float32', b: 'uint8', i: 'int32' };
/** Bytes before each vector: its length, int32, little-endian. */
const LENGTH_BYTES = 4;
const READ_BYTES = 8 * 2 ** 20;

/**
 * Vectors as in the TEXMEX corpus: each one is its length, then its elements; the ending tells the type.
 * http://corpus-texmex.irisa.fr
 */
export const vecs: Reader = {
  async open(path: string, openBytes: OpenBytes): Promise<TensorFile> {
    const dtype = TYPES[/\.([fbi])vecs$/i.exec(path)?.[1]?.toLowerCase() ?? ''];
    if (dtype === undefined) throw new FormatError(path, null, 'the ending should be .fvecs, .bvecs or .ivecs, which tells the type.');
    const source = await openBytes(path);
    try {
      const { rows, columns } = await shapeOf(source, dtype);
      const info = {
        dtype,
        shape: [rows, columns],
        bytes: rows * columns * BYTES_PER_ELEMENT[dtype],
        matrix: { rows, columns },
        note: null,
      };
      return unnamedArray(source, 'vecs', info, [], () => vectors(source, dtype, rows, columns));
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

async function shapeOf(source: ByteSource, type: ElementType): Promise<{ rows: number; columns: number }> {
  const { path, size } = source;
  if (size < LENGTH_BYTES) throw new FormatError(path, size, 'the file ends before the length of the first vector.');
  const head = new Uint8Array(LENGTH_BYTES);
  await source.read(0, head);
  const columns = new DataView(head.buffer).getInt32(0, true);
  if (columns < 1 || columns > MOST_COLUMNS)
    throw new FormatError(path, 0, `the first vector has length ${columns}; 1 to ${MOST_COLUMNS} was expected.`);
  const rowBytes = LENGTH_BYTES + columns * BYTES_PER_ELEMENT[type];
  if (size % rowBytes !== 0)
    throw new FormatError(
      path,
      size - (size % rowBytes),
      `vectors of length ${columns} take ${rowBytes} bytes each, but ${size % rowBytes} bytes are left at the end.`,
    );
  return { rows: size / rowBytes, columns };
}

function vectors(source: ByteSource, type: ElementType, rows: number, columns: number): MatrixSource {
  const rowBytes = LENGTH_BYTES + columns * BYTES_PER_ELEMENT[type];
  const rowsPerRead = Math.max(1, Math.floor(READ_BYTES / rowBytes));
  const decode = decoder(type, 'little');

  async function read(first: number, count: number, into: Float64Array): Promise<void> {
    checkRows(first, count, rows);
    const buffer = new Uint8Array(Math.min(count, rowsPerRead) * rowBytes);
    const lengths = new DataView(buffer.buffer);
    for (let done = 0; done < count; ) {
      const n = Math.min(count - done, rowsPerRead);
      await source.read((first + done) * rowBytes, buffer.subarray(0, n * rowBytes));
      for (let i = 0; i < n; i++) {
        const row = first + done + i;
        const length = lengths.getInt32(i * rowBytes, true);
        if (length !== columns)
          throw new FormatError(source.path, row * rowBytes, `vector ${row + 1} has length ${length}, but the first has ${columns}.`);
        decode(buffer, i * rowBytes + LENGTH_BYTES, 1, into, (done + i) * columns, 1, columns);
      }
      done += n;
    }
  }

  return {
    rows,
    columns,
    access: 'random',
    read,
    stream: (rowsPerBlock) => readInOrder(read, rows, columns, rowsPerBlock),
  };
}
