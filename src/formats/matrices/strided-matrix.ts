import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { MatrixSource, RowBlock } from '../matrix-source';
import { BYTES_PER_ELEMENT, type ByteOrder, type Decode, decoder, type ElementType } from './elements';
import { checkRows } from './row-blocks';
import { transpose } from './transpose';

/** Where element (i, j) lies: at byte `offset + (i * rowStride + j * columnStride) * bytes per element`. */
export interface StridedLayout {
  /** Byte of element (0, 0) in the source. */
  readonly offset: number;
  readonly type: ElementType;
  readonly order: ByteOrder;
  /** At least 1. */
  readonly rows: number;
  readonly columns: number;
  /** In elements. */
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Bytes read ahead: enough that the cost of a read does not matter, few enough to stay near the processor. */
const AHEAD = 8 * 2 ** 20;
/** Bytes held where rows lie scattered, so that each scattered piece is as long as memory allows. */
const PANEL = 64 * 2 ** 20;
/** Reading across gaps beats one read per piece while the gaps are at most this multiple of the data. */
const GAPS = 4;
/** A row is decoded whole: 1 GiB of float64. */
export const MOST_COLUMNS = 2 ** 27;

/**
 * A matrix of evenly spaced elements in a file or a part of one. Rows that lie together give random access;
 * rows that lie scattered (column-major) are streamed in panels of as many rows as fit in 64 MiB.
 *
 * @throws FormatError when an element lies outside the source, or elements overlap
 */
export function stridedMatrix(source: ByteSource, layout: StridedLayout): MatrixSource {
  return new StridedMatrix(source, layout);
}

/** Rows [first, first + count) in memory: element (first + i, j) is element `i * rowStep + j * columnStep` of `bytes`. */
interface Panel {
  readonly bytes: Uint8Array;
  readonly rowStep: number;
  readonly columnStep: number;
}

class StridedMatrix implements MatrixSource {
  readonly rows: number;
  readonly columns: number;
  readonly access: 'random' | 'sequential';
  private readonly size: number;
  private readonly decode: Decode;
  private readonly rowStride: number;
  private readonly columnStride: number;
  /** Elements of one row with what lies between them. */
  private readonly rowSpan: number;
  private readonly rowsPerPanel: number;
  private spare: Uint8Array | null = null;
  private turned = new Float64Array(0);

  constructor(
    private readonly source: ByteSource,
    private readonly layout: StridedLayout,
  ) {
    const { rows, columns } = layout;
    this.rows = rows;
    this.columns = columns;
    this.size = BYTES_PER_ELEMENT[layout.type];
    this.decode = decoder(layout.type, layout.order);
    // The stride of an axis of one element is never walked; files may hold anything there.
    this.columnStride = columns === 1 ? 1 : layout.columnStride;
    this.rowSpan = (columns - 1) * this.columnStride + 1;
    this.rowStride = rows === 1 ? this.rowSpan : layout.rowStride;
    this.check();
    this.access = this.rowSpan <= this.rowStride ? 'random' : 'sequential';
    this.rowsPerPanel = this.panelRows();
  }

  async read(first: number, count: number, into: Float64Array): Promise<void> {
    if (this.access !== 'random') throw new Error('This matrix can only be streamed.');
    checkRows(first, count, this.rows);
    for (let done = 0; done < count; ) {
      const n = Math.min(count - done, this.rowsPerPanel);
      const panel = await this.fetch(first + done, n);
      this.decodeRows(panel, 0, n, into, done * this.columns);
      this.spare = panel.bytes;
      done += n;
    }
  }

  async *stream(rowsPerBlock: number): AsyncGenerator<RowBlock> {
    const perBlock = Math.max(1, Math.min(rowsPerBlock, this.rowsPerPanel, this.rows));
    const perPanel = this.rowsPerPanel >= this.rows ? this.rows : this.rowsPerPanel - (this.rowsPerPanel % perBlock);
    const values = new Float64Array(perBlock * this.columns);
    for (let first = 0; first < this.rows; first += perPanel) {
      const inPanel = Math.min(perPanel, this.rows - first);
      const panel = await this.fetch(first, inPanel);
      for (let at = 0; at < inPanel; at += perBlock) {
        const count = Math.min(perBlock, inPanel - at);
        this.decodeRows(panel, at, count, values, 0);
        yield { first: first + at, count, values };
      }
      this.spare = panel.bytes;
    }
  }

  private check(): void {
    const { offset, type, rows, columns } = this.layout;
    const { path, size } = this.source;
    const what = `the ${rows} x ${columns} matrix of ${type}`;
    const last = (rows - 1) * this.rowStride + this.rowSpan;
    const end = offset + last * this.size;
    const whole = [offset, rows, columns, this.rowStride, this.columnStride, end].every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!whole || rows === 0 || columns === 0) throw new FormatError(path, null, `${what} has impossible sizes or strides.`);
    if (columns > MOST_COLUMNS) throw new FormatError(path, offset, `${what} has rows longer than ${MOST_COLUMNS} columns.`);
    if (end > size) throw new FormatError(path, offset, `${what} needs bytes up to ${end}, but the data ends at byte ${size}.`);
    if (rows * columns > last) {
      throw new FormatError(path, offset, `${what} has strides that use elements twice; save a contiguous copy of it.`);
    }
    if (this.columnStride > GAPS && this.columnStride < this.rowStride && this.rowSpan * this.size > PANEL) {
      throw new FormatError(path, offset, `${what} has rows of widely spaced elements; save a contiguous copy of it.`);
    }
  }

  private panelRows(): number {
    const { rows, columns, size, rowStride, rowSpan } = this;
    if (this.access === 'random') {
      return Math.max(1, Math.floor(AHEAD / size / (this.rowsTouch() ? rowStride : rowSpan)));
    }
    if (this.oneRead(rows)) return rows;
    return Math.max(1, Math.min(rows, Math.floor((PANEL / size / columns - 1) / rowStride) + 1));
  }

  private rowsTouch(): boolean {
    return this.rowStride <= GAPS * this.columns;
  }

  /** Whether `count` scattered rows are best read in one go with what lies between them. */
  private oneRead(count: number): boolean {
    const span = (count - 1) * this.rowStride + this.rowSpan;
    return span * this.size <= PANEL && span <= GAPS * count * this.columns;
  }

  private async fetch(first: number, count: number): Promise<Panel> {
    const { size, columns, rowStride, columnStride, rowSpan } = this;
    const start = this.layout.offset + first * rowStride * size;
    if (this.access === 'random' ? this.rowsTouch() || count === 1 : this.oneRead(count)) {
      const bytes = this.buffer(((count - 1) * rowStride + rowSpan) * size);
      await this.source.read(start, bytes);
      return { bytes, rowStep: rowStride, columnStep: columnStride };
    }
    if (this.access === 'random') {
      const bytes = this.buffer(count * rowSpan * size);
      await this.readPieces(start, rowStride, rowSpan, bytes);
      return { bytes, rowStep: rowSpan, columnStep: columnStride };
    }
    const columnSpan = (count - 1) * rowStride + 1;
    const bytes = this.buffer(columns * columnSpan * size);
    await this.readPieces(start, columnStride, columnSpan, bytes);
    return { bytes, rowStep: rowStride, columnStep: columnSpan };
  }

  /** Fills `bytes` with pieces of `span` elements that lie `stride` elements apart. */
  private async readPieces(start: number, stride: number, span: number, bytes: Uint8Array): Promise<void> {
    const { size } = this;
    for (let at = 0, from = start; at < bytes.length; at += span * size, from += stride * size) {
      await this.source.read(from, bytes.subarray(at, at + span * size));
    }
  }

  private decodeRows(panel: Panel, at: number, count: number, into: Float64Array, to: number): void {
    const { columns, size, decode } = this;
    const { bytes, rowStep, columnStep } = panel;
    if (columnStep === 1 && rowStep === columns) {
      decode(bytes, at * rowStep * size, 1, into, to, 1, count * columns);
    } else if (columnStep < rowStep) {
      for (let i = 0; i < count; i++) decode(bytes, (at + i) * rowStep * size, columnStep, into, to + i * columns, 1, columns);
    } else if (rowStep === 1) {
      // Converted as they lie, then turned: faster than to scatter what is converted.
      if (this.turned.length < count * columns) this.turned = new Float64Array(count * columns);
      const { turned } = this;
      for (let j = 0; j < columns; j++) decode(bytes, (at + j * columnStep) * size, 1, turned, j * count, 1, count);
      transpose(turned, columns, count, into, to);
    } else {
      for (let j = 0; j < columns; j++) decode(bytes, (at * rowStep + j * columnStep) * size, rowStep, into, to + j, columns, count);
    }
  }

  /** The buffer of the last panel where it is large enough. A reader takes it away, so that two at once never share it. */
  private buffer(length: number): Uint8Array {
    const { spare } = this;
    this.spare = null;
    return spare !== null && spare.buffer.byteLength >= length ? new Uint8Array(spare.buffer, 0, length) : new Uint8Array(length);
  }
}
