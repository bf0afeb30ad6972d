import type { ByteStream } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { MatrixSource, RowBlock } from '../matrix-source';
import { BYTES_PER_ELEMENT, type ByteOrder, decoder, type ElementType } from './elements';
import { sequential } from './sequential';
import { transpose } from './transpose';

/** Contiguous elements of a stream, rows one after the other or columns one after the other. */
export interface StreamedLayout {
  /** Byte of the first element in the stream. */
  readonly offset: number;
  readonly type: ElementType;
  readonly order: ByteOrder;
  readonly rows: number;
  readonly columns: number;
  readonly major: 'row' | 'column';
}

/** Bytes held at most, row by row (or one row, if that is more) and column by column. */
const ROWS_AHEAD = 8 * 2 ** 20;
const PANEL = 64 * 2 ** 20;

/**
 * A matrix in a compressed part of a file. Row by row it is read in one pass; column by column it takes one pass
 * for every 64 MiB, because no more is held.
 *
 * @throws FormatError when the stream is too short for it, or a row is longer than 64 MiB
 */
export function streamedMatrix(stream: ByteStream, layout: StreamedLayout): MatrixSource {
  const { offset, type, rows, columns } = layout;
  const end = offset + rows * columns * BYTES_PER_ELEMENT[type];
  if (!Number.isSafeInteger(end) || end > stream.size) {
    throw new FormatError(
      stream.path,
      offset,
      `the ${rows} x ${columns} matrix of ${type} needs bytes up to ${end}, but the data ends at byte ${stream.size}.`,
    );
  }
  if (columns * BYTES_PER_ELEMENT[type] > PANEL) {
    throw new FormatError(stream.path, offset, `a row of ${columns} compressed elements is too long; save the array uncompressed.`);
  }
  const blocks = layout.major === 'row' ? rowByRow : inPanels;
  return sequential(rows, columns, (rowsPerBlock) => blocks(stream, layout, rowsPerBlock));
}

async function* rowByRow(stream: ByteStream, layout: StreamedLayout, rowsPerBlock: number): AsyncGenerator<RowBlock> {
  const { offset, type, rows, columns } = layout;
  const rowBytes = columns * BYTES_PER_ELEMENT[type];
  const decode = decoder(type, layout.order);
  const perBlock = Math.max(1, Math.min(rowsPerBlock, rows, Math.floor(ROWS_AHEAD / rowBytes)));
  const bytes = new Uint8Array(perBlock * rowBytes);
  const values = new Float64Array(perBlock * columns);
  let first = 0;
  let filled = 0;
  let position = 0;
  for await (const chunk of stream.chunks()) {
    // To the stream's end even when all rows are there: its checksum is verified last.
    for (let at = Math.min(chunk.length, Math.max(0, offset - position)); at < chunk.length && first < rows; ) {
      const wanted = Math.min(perBlock, rows - first) * rowBytes;
      const piece = chunk.subarray(at, at + wanted - filled);
      bytes.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled === wanted) {
        const count = wanted / rowBytes;
        decode(bytes, 0, 1, values, 0, 1, count * columns);
        yield { first, count, values };
        first += count;
        filled = 0;
      }
    }
    position += chunk.length;
  }
}

async function* inPanels(stream: ByteStream, layout: StreamedLayout, rowsPerBlock: number): AsyncGenerator<RowBlock> {
  const { type, rows, columns } = layout;
  const size = BYTES_PER_ELEMENT[type];
  const decode = decoder(type, layout.order);
  const perPanel = Math.max(1, Math.min(rows, Math.floor(PANEL / size / columns)));
  const perBlock = Math.max(1, Math.min(rowsPerBlock, perPanel));
  const bytes = new Uint8Array(perPanel * columns * size);
  const turned = new Float64Array(perBlock * columns);
  const values = new Float64Array(perBlock * columns);
  for (let first = 0; first < rows; first += perPanel) {
    const inPanel = Math.min(perPanel, rows - first);
    await collectPanel(stream, layout, first, inPanel, bytes);
    for (let at = 0; at < inPanel; at += perBlock) {
      const count = Math.min(perBlock, inPanel - at);
      for (let j = 0; j < columns; j++) decode(bytes, (j * inPanel + at) * size, 1, turned, j * count, 1, count);
      transpose(turned, columns, count, values, 0);
      yield { first: first + at, count, values };
    }
  }
}

/** One pass: rows [first, first + count) of every column, column after column, into `bytes`. */
async function collectPanel(stream: ByteStream, layout: StreamedLayout, first: number, count: number, bytes: Uint8Array): Promise<void> {
  const size = BYTES_PER_ELEMENT[layout.type];
  const columnBytes = layout.rows * size;
  const pieceBytes = count * size;
  let position = -layout.offset;
  for await (const chunk of stream.chunks()) {
    const from = Math.max(0, Math.floor(position / columnBytes));
    const to = Math.min(layout.columns - 1, Math.floor((position + chunk.length - 1) / columnBytes));
    for (let j = from; j <= to; j++) {
      const start = j * columnBytes + first * size;
      const low = Math.max(start, position);
      const high = Math.min(start + pieceBytes, position + chunk.length);
      if (low < high) bytes.set(chunk.subarray(low - position, high - position), j * pieceBytes + low - start);
    }
    position += chunk.length;
  }
}
