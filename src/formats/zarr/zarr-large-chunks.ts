import { inflatedStream, type StreamedCodec } from '../bytes/inflated-stream';
import { FormatError } from '../format-error';
import { rowsPerBlockOf } from '../matrices/row-blocks';
import { rowAxesOf } from '../matrices/slabs';
import { streamedMatrix } from '../matrices/streamed-matrix';
import type { MatrixSource, RowBlock } from '../matrix-source';
import { checkEncoded, chunkBytes, type LocateChunk } from './zarr-chunks';
import type { ChunkedArray } from './zarr-metadata';

/** Each is a stream that holds a window of what it decompresses. */
const MOST_SIDE_BY_SIDE = 16;

/**
 * An array whose chunks are too large to be held, as Orbax writes a parameter of any size as one: those that lie side by side are read
 * from their starts to their ends together.
 * @param path for messages
 * @throws FormatError where chunks do not hold whole rows, or parts of them side by side
 */
export function largeChunkMatrix(array: ChunkedArray, locate: LocateChunk, rows: number, columns: number, path: string): MatrixSource {
  const { shape, chunk, fill, type, encoding } = array;
  const rowAxes = rowAxesOf(shape, rows);
  const acrossAxis = shape.length - rowAxes === 1 ? shape.length - 1 : null;
  const whole = shape.every((size, k) => k === 0 || k === acrossAxis || chunk[k]! === size);
  const chunkColumns = acrossAxis === null ? columns : chunk[acrossAxis]!;
  const across = Math.ceil(columns / chunkColumns);
  if (!whole || across > MOST_SIDE_BY_SIDE)
    throw new FormatError(path, null, 'its chunks are large and do not hold whole rows; save it with smaller chunks.');
  const rowsPerBand = chunk[0]! * shape.slice(1, rowAxes).reduce((a, b) => a * b, 1);
  const [codec] = encoding.codecs;
  const streamed: StreamedCodec = codec === undefined ? 'none' : codec.name === 'zstd' ? 'zstd' : 'gzip';
  const bytes = chunkBytes(array);

  /** Rows [0, count) of a chunk in blocks of `perBlock`; null where it is not stored. */
  const open = async (band: number, column: number, count: number, perBlock: number): Promise<AsyncIterator<RowBlock> | null> => {
    const source = await locate(shape.map((_, k) => (k === 0 ? band : k === acrossAxis ? column : 0)));
    if (source === null) return null;
    checkEncoded(source, bytes);
    const layout = { offset: 0, type, order: encoding.order, rows: count, columns: chunkColumns, major: 'row' } as const;
    return streamedMatrix(inflatedStream(source, streamed, bytes), layout)
      .stream(perBlock)
      [Symbol.asyncIterator]();
  };

  async function* stream(rowsPerBlock: number): AsyncGenerator<RowBlock> {
    const perBlock = rowsPerBlockOf(Math.max(columns, chunkColumns), rowsPerBlock, Math.min(rows, rowsPerBand));
    const values = new Float64Array(perBlock * columns);
    for (let band = 0; band * rowsPerBand < rows; band++) {
      const inBand = Math.min(rowsPerBand, rows - band * rowsPerBand);
      const parts: (AsyncIterator<RowBlock> | null)[] = [];
      try {
        for (let column = 0; column < across; column++) parts.push(await open(band, column, inBand, perBlock));
        for (let at = 0; at < inBand; at += perBlock) {
          const count = Math.min(perBlock, inBand - at);
          for (const [column, part] of parts.entries()) {
            const start = column * chunkColumns;
            const width = Math.min(chunkColumns, columns - start);
            const block = part === null ? null : ((await part.next()).value as RowBlock);
            for (let i = 0; i < count; i++) {
              const to = i * columns + start;
              if (block === null) values.fill(fill, to, to + width);
              else values.set(block.values.subarray(i * chunkColumns, i * chunkColumns + width), to);
            }
          }
          yield { first: band * rowsPerBand + at, count, values };
        }
        // To the end of each, where what it holds has been counted.
        for (const part of parts) if (part !== null) await part.next();
      } finally {
        for (const part of parts) await part?.return?.();
      }
    }
  }

  return {
    rows,
    columns,
    access: 'sequential',
    async read() {
      throw new Error('This array can only be streamed: its chunks are large.');
    },
    stream,
  };
}
