import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { MatrixSource, RowBlock } from '../matrix-source';
import { checkRows } from './row-blocks';
import { MOST_COLUMNS } from './strided-matrix';

/** Bytes that lie in the order of the rows: rows [k * rowsPerUnit, (k + 1) * rowsPerUnit) take `unitBytes` from `offset + k * unitBytes`. */
export interface CodedPart {
  readonly source: ByteSource;
  readonly offset: number;
  readonly unitBytes: number;
}

/**
 * Writes rows [first, first + count) to `into` from index `at`.
 * @param parts bytes of each part, from row `start` on, which is a multiple of the rows per unit
 */
export type DecodeRows = (
  parts: readonly Uint8Array[],
  start: number,
  first: number,
  count: number,
  into: Float64Array,
  at: number,
) => void;

/** A matrix whose numbers are computed from codes. */
export interface Coding {
  readonly rows: number;
  readonly columns: number;
  /** Rows that share bytes. */
  readonly rowsPerUnit: number;
  /** All of them end where the last row does, within the last unit if need be. */
  readonly parts: readonly CodedPart[];
  /** Bytes of a part up to the end of the last row; `ceil(rows / rowsPerUnit) * unitBytes` where it is left out. */
  readonly lastByte?: number;
  /** Reads what every row needs, such as scales, and gives the decoder. Asked for once per matrix, before its first row. */
  prepare(): Promise<DecodeRows>;
}

/** Bytes read ahead, and numbers that they become, at most; one unit in any case. */
const AHEAD = 4 * 2 ** 20;
const NUMBERS_AHEAD = 8 * 2 ** 20;

/**
 * Random access to the rows of a coded matrix.
 * @throws FormatError when its codes lie outside the file
 */
export function codedMatrix(coding: Coding): MatrixSource {
  const { rows, columns, rowsPerUnit, parts } = coding;
  const lengths = parts.map(({ unitBytes }) =>
    Math.min(coding.lastByte ?? Number.POSITIVE_INFINITY, Math.ceil(rows / rowsPerUnit) * unitBytes),
  );
  check(coding, lengths);
  const bytesPerUnit = parts.reduce((sum, { unitBytes }) => sum + unitBytes, 0);
  const rowsPerPanel = rowsPerUnit * Math.max(1, Math.floor(Math.min(AHEAD / bytesPerUnit, NUMBERS_AHEAD / rowsPerUnit / columns)));
  let decoder: Promise<DecodeRows> | null = null;

  /** A panel starts at the unit of row `first`. */
  const fetch = (first: number, end: number): Promise<Uint8Array[]> =>
    Promise.all(
      parts.map(async ({ source, offset, unitBytes }, k) => {
        const from = Math.floor(first / rowsPerUnit) * unitBytes;
        const bytes = new Uint8Array(Math.min(lengths[k]!, Math.ceil(end / rowsPerUnit) * unitBytes) - from);
        await source.read(offset + from, bytes);
        return bytes;
      }),
    );
  const startOf = (first: number) => first - (first % rowsPerUnit);
  const decode = (): Promise<DecodeRows> => {
    decoder ??= coding.prepare().catch((error: unknown) => {
      decoder = null;
      throw error;
    });
    return decoder;
  };

  return {
    rows,
    columns,
    access: 'random',
    async read(first, count, into) {
      checkRows(first, count, rows);
      const decodeRows = await decode();
      for (let at = first; at < first + count; ) {
        const end = Math.min(first + count, startOf(at) + rowsPerPanel);
        decodeRows(await fetch(at, end), startOf(at), at, end - at, into, (at - first) * columns);
        at = end;
      }
    },
    async *stream(rowsPerBlock): AsyncGenerator<RowBlock> {
      const decodeRows = await decode();
      const perBlock = Math.max(1, Math.min(rowsPerBlock, rowsPerPanel, rows));
      const values = new Float64Array(perBlock * columns);
      for (let start = 0; start < rows; start += rowsPerPanel) {
        const end = Math.min(rows, start + rowsPerPanel);
        const panel = await fetch(start, end);
        for (let first = start; first < end; first += perBlock) {
          const count = Math.min(perBlock, end - first);
          decodeRows(panel, start, first, count, values, 0);
          yield { first, count, values };
        }
      }
    },
  };
}

function check({ rows, columns, parts }: Coding, lengths: readonly number[]): void {
  const what = `the ${rows} x ${columns} matrix`;
  const { path } = parts[0]!.source;
  if (![rows, columns].every((n) => Number.isSafeInteger(n) && n > 0)) throw new FormatError(path, null, `${what} has impossible sizes.`);
  if (columns > MOST_COLUMNS) throw new FormatError(path, parts[0]!.offset, `${what} has rows longer than ${MOST_COLUMNS} columns.`);
  for (const [k, { source, offset }] of parts.entries()) {
    const end = offset + lengths[k]!;
    if (!Number.isSafeInteger(end) || end > source.size) {
      throw new FormatError(source.path, offset, `${what} needs bytes up to ${end}, but the data ends at byte ${source.size}.`);
    }
  }
}
