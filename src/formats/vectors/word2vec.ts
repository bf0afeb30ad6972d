import type { ByteSource } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { decoder } from '../matrices/elements';
import { rowsPerBlockOf } from '../matrices/row-blocks';
import { sequential } from '../matrices/sequential';
import { unnamedArray } from '../matrices/unnamed-array';
import type { MatrixSource, RowBlock } from '../matrix-source';
import { MOST_DIMENSIONS } from '../text/word-vectors';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const FLOAT = 4;
const READ_BYTES = 2 ** 20;
const HEADER_BYTES = 64;
/** Far above any word or phrase. */
const MOST_NAME_BYTES = 2 ** 16;

/**
 * Vectors as word2vec and gensim write them: a line with the number of words and of dimensions, then each word, a space and its float32,
 * little-endian. The original ends each vector with a line break, gensim does not; both are read.
 *
 * https://code.google.com/archive/p/word2vec, `word2vec.c`; gensim, `models/keyedvectors.py`.
 */
export const word2vec: Reader = {
  async open(path, openBytes) {
    const source = await openBytes(path);
    try {
      const layout = await readHeader(source);
      const { words: rows, columns } = layout;
      const info = {
        dtype: 'float32',
        shape: [rows, columns],
        bytes: rows * columns * FLOAT,
        matrix: { rows, columns },
        note: 'The words are left out.',
      };
      return unnamedArray(source, 'word2vec', info, [], () => vectors(source, layout));
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

interface Layout {
  /** Byte of the first word. */
  readonly start: number;
  readonly words: number;
  readonly columns: number;
}

async function readHeader(source: ByteSource): Promise<Layout> {
  const { path, size } = source;
  const head = Buffer.alloc(Math.min(size, HEADER_BYTES));
  await source.read(0, head);
  const header = /^(\d+) (\d+)\n/.exec(head.toString('latin1'));
  if (header === null) throw new FormatError(path, 0, 'a line with the number of words and of dimensions was expected here.');
  const [words, columns] = [Number(header[1]), Number(header[2])];
  const start = header[0].length;
  const least = start + words * (1 + columns * FLOAT);
  if (!(words >= 1 && columns >= 1 && columns <= MOST_DIMENSIONS && least <= size)) {
    throw new FormatError(path, 0, `the header promises ${words} words with ${columns} numbers each, which ${size} bytes cannot hold.`);
  }
  return { start, words, columns };
}

function vectors(source: ByteSource, layout: Layout): MatrixSource {
  return sequential(layout.words, layout.columns, (rowsPerBlock) => streamRows(source, layout, rowsPerBlock));
}

async function* streamRows(source: ByteSource, { start, words, columns }: Layout, rowsPerBlock: number): AsyncGenerator<RowBlock> {
  const vectorBytes = columns * FLOAT;
  const decode = decoder('float32', 'little');
  const perBlock = rowsPerBlockOf(columns, rowsPerBlock, words);
  const values = new Float64Array(perBlock * columns);
  const bytes = Buffer.allocUnsafeSlow(Math.min(source.size - start, READ_BYTES + MOST_NAME_BYTES + vectorBytes));
  /** Place in the file of the first byte held; bytes held, and used. */
  let base = start;
  let filled = 0;
  let at = 0;
  const refill = async (): Promise<void> => {
    bytes.copyWithin(0, at, filled);
    base += at;
    filled -= at;
    at = 0;
    const more = Math.min(bytes.length - filled, source.size - base - filled);
    await source.read(base + filled, bytes.subarray(filled, filled + more));
    filled += more;
  };
  let first = 0;
  let count = 0;
  for (let word = 1; word <= words; word++) {
    if (filled - at < MOST_NAME_BYTES + vectorBytes && base + filled < source.size) await refill();
    while (at < filled && bytes[at] === NEWLINE) at++;
    const space = bytes.subarray(at, Math.min(filled, at + MOST_NAME_BYTES)).indexOf(SPACE);
    const vector = at + space + 1;
    if (space < 0 || vector + vectorBytes > filled) {
      const reason =
        space < 0 && filled - at >= MOST_NAME_BYTES
          ? `the name of word ${word} of ${words} has no end within ${MOST_NAME_BYTES} bytes.`
          : `the file ends inside word ${word} of ${words}.`;
      throw new FormatError(source.path, base + at, reason);
    }
    decode(bytes, vector, 1, values, count * columns, 1, columns);
    at = vector + vectorBytes;
    if (++count === perBlock || word === words) {
      if (word === words) await refuseMore(source, base + at, words);
      yield { first, count, values };
      first += count;
      count = 0;
    }
  }
}

/** Behind the last vector stands a line break at most. */
async function refuseMore(source: ByteSource, end: number, words: number): Promise<void> {
  const left = source.size - end;
  if (left === 0) return;
  const next = new Uint8Array(1);
  await source.read(end, next);
  if (left > 1 || next[0] !== NEWLINE) {
    throw new FormatError(source.path, end, `${left} bytes are left behind the last of the ${words} words that the header promises.`);
  }
}
