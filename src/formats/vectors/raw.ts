import type { OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError, UnknownFormatError } from '../format-error';
import { BYTES_PER_ELEMENT, type ElementType } from '../matrices/elements';
import { MOST_COLUMNS, stridedMatrix } from '../matrices/strided-matrix';
import { unnamedArray } from '../matrices/unnamed-array';
import type { TensorFile } from '../matrix-source';

/** How numbers lie in a file that does not say it: row by row, little-endian, nothing between them. */
export interface RawLayout {
  readonly dtype: ElementType;
  readonly columns: number;
  /** Absent: as many as the file holds, which must then end with a row. */
  readonly rows?: number;
  /** Bytes before the first row; absent: none. */
  readonly offset?: number;
}

export const RAW_TYPES = Object.keys(BYTES_PER_ELEMENT) as readonly ElementType[];

/** Files of plain numbers, which no content tells: a person has to say how they lie, for {@link openRaw}. */
export const raw: Reader = {
  async open(path: string): Promise<TensorFile> {
    throw new UnknownFormatError(
      path,
      null,
      'nothing in it says what its numbers are. If it holds plain rows of numbers, give their type and how many a row has: --dtype float32 --columns 768, on the command line.',
    );
  },
};

/** @throws FormatError when the layout is none, or the file cannot have it */
export async function openRaw(path: string, layout: RawLayout, openBytes: OpenBytes): Promise<TensorFile> {
  const source = await openBytes(path);
  try {
    const { dtype, columns } = layout;
    const rows = rowsOf(path, source.size, layout);
    const matrix = stridedMatrix(source, {
      offset: layout.offset ?? 0,
      type: dtype,
      order: 'little',
      rows,
      columns,
      rowStride: columns,
      columnStride: 1,
    });
    const info = { dtype, shape: [rows, columns], bytes: rows * columns * BYTES_PER_ELEMENT[dtype], matrix: { rows, columns }, note: null };
    return unnamedArray(source, 'raw', info, [], () => matrix);
  } catch (error) {
    await source.close();
    throw error;
  }
}

function rowsOf(path: string, size: number, { dtype, columns, rows, offset = 0 }: RawLayout): number {
  const refuse = (detail: string): never => {
    throw new FormatError(path, null, detail);
  };
  if (!RAW_TYPES.includes(dtype)) return refuse(`there is no element type ${JSON.stringify(dtype)}; these are: ${RAW_TYPES.join(', ')}.`);
  if (!isWhole(columns, 1, MOST_COLUMNS)) return refuse(`a row has 1 to ${MOST_COLUMNS} columns, not ${columns}.`);
  if (!isWhole(offset, 0, size - 1))
    return refuse(`bytes to skip should be 0 to ${size - 1}, as the file has ${size} bytes, not ${offset}.`);
  if (rows !== undefined && !isWhole(rows, 1, Number.MAX_SAFE_INTEGER)) return refuse(`a matrix has 1 row or more, not ${rows}.`);

  const elementBytes = BYTES_PER_ELEMENT[dtype];
  const bytes = size - offset;
  const counted = `${bytes} bytes${offset === 0 ? '' : ` after the first ${offset}`}`;
  if (rows !== undefined) {
    const needed = rows * columns * elementBytes;
    if (needed > bytes) return refuse(`${rows} x ${columns} of ${dtype} take ${needed} bytes, but the file has ${counted}.`);
    return rows;
  }
  const elements = bytes / elementBytes;
  if (!Number.isInteger(elements)) {
    return refuse(
      `the file has ${counted}, which is no multiple of the ${elementBytes} bytes that an element of ${dtype} takes; is there a header to skip?`,
    );
  }
  if (elements % columns !== 0) {
    const fitting = nearestDivisors(elements, columns);
    return refuse(
      `the file has ${counted}, ${elements} elements of ${dtype}, which make no whole rows of ${columns}; the nearest numbers of columns that do are ${fitting.join(' and ')}.`,
    );
  }
  return elements / columns;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

/** The divisors of `n` next to `near`, which is none: below and, where rows can be so long, above. @param near at most {@link MOST_COLUMNS} */
function nearestDivisors(n: number, near: number): number[] {
  let below = 1;
  let above = n;
  // Each pair of divisors has one that is at most the root.
  const root = Math.sqrt(n);
  for (let low = 1; low <= root && low <= MOST_COLUMNS; low++) {
    if (n % low !== 0) continue;
    for (const divisor of [low, n / low]) {
      if (divisor < near) below = Math.max(below, divisor);
      else above = Math.min(above, divisor);
    }
  }
  return above > MOST_COLUMNS || above < near ? [below] : [below, above];
}
