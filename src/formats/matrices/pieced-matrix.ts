import { FormatError } from '../format-error';
import type { MatrixSource } from '../matrix-source';
import { checkRows, readInOrder } from './row-blocks';

/** A part of a matrix that is stored by itself. */
export interface Piece {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  /** Called when its first row is read. */
  readonly open: () => Promise<MatrixSource>;
}

/**
 * Whether pieces fill a matrix as bands of rows, each of pieces that lie side by side: what sharding along rows, along columns or along
 * both leaves. Sorts them so.
 */
export function fillsInBands(pieces: Piece[], rows: number, columns: number): boolean {
  pieces.sort((a, b) => a.row - b.row || a.column - b.column);
  let [row, column, height] = [0, 0, 0];
  for (const piece of pieces) {
    if (column === 0) height = piece.rows;
    if (piece.rows < 1 || piece.columns < 1 || piece.row !== row || piece.column !== column || piece.rows !== height) return false;
    column += piece.columns;
    if (column > columns) return false;
    if (column === columns) [row, column] = [row + height, 0];
  }
  return row === rows && column === 0;
}

/**
 * A matrix that is stored in pieces.
 * @param pieces as `fillsInBands` sorts them
 * @param path for messages
 */
export function piecedMatrix(pieces: readonly Piece[], rows: number, columns: number, path: string): MatrixSource {
  const opened = new Map<Piece, Promise<MatrixSource>>();
  const open = (piece: Piece): Promise<MatrixSource> => {
    const known = opened.get(piece);
    if (known !== undefined) return known;
    const opening = piece.open().then((matrix) => {
      if (matrix.access === 'random') return matrix;
      throw new FormatError(path, null, 'a shard holds its numbers column by column; save a contiguous copy of it.');
    });
    opened.set(piece, opening);
    opening.catch(() => opened.delete(piece));
    return opening;
  };
  const read = async (first: number, count: number, into: Float64Array): Promise<void> => {
    checkRows(first, count, rows);
    for (let k = firstReaching(pieces, first); k < pieces.length && pieces[k]!.row < first + count; k++) {
      const piece = pieces[k]!;
      const [from, to] = [Math.max(first, piece.row), Math.min(first + count, piece.row + piece.rows)];
      const matrix = await open(piece);
      if (piece.columns === columns) await matrix.read(from - piece.row, to - from, into.subarray((from - first) * columns));
      else {
        const part = new Float64Array((to - from) * piece.columns);
        await matrix.read(from - piece.row, to - from, part);
        for (let i = 0; i < to - from; i++)
          into.set(part.subarray(i * piece.columns, (i + 1) * piece.columns), (from - first + i) * columns + piece.column);
      }
    }
  };
  const stream = (rowsPerBlock: number) => readInOrder(read, rows, columns, rowsPerBlock);
  return { rows, columns, access: 'random', read, stream };
}

/** Index of the first piece that ends after a row. */
function firstReaching(pieces: readonly Piece[], row: number): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle]!.row + pieces[middle]!.rows > row) high = middle;
    else low = middle + 1;
  }
  return low;
}
