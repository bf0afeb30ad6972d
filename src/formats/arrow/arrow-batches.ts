import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT } from '../matrices/elements';
import { type ArrowColumn, type ArrowSchema, readSchema } from './arrow-schema';
import { FlatbufferError, FlatTable } from './flatbuffer';

/** Where a record batch lies in its file. */
export interface ArrowBatch {
  readonly source: ByteSource;
  /** Byte of its description, and bytes. */
  readonly offset: number;
  readonly headBytes: number;
  /** Bytes of its buffers, which come next. */
  readonly bodyBytes: number;
  readonly rows: number;
  readonly isCompressed: boolean;
}

export interface ArrowTable {
  readonly schema: ArrowSchema;
  readonly batches: readonly ArrowBatch[];
  /** Elements of all batches, by the node of the column of lists. */
  readonly elements: ReadonlyMap<number, number>;
  readonly warnings: readonly string[];
}

/** A batch's buffers, checked to lie in the file. */
export interface BatchBuffers {
  readonly compression: 'lz4-frame' | 'zstd' | null;
  /** Elements of a node. */
  node(index: number): number;
  /** By its place in the schema. */
  buffer(index: number): { readonly offset: number; readonly bytes: number };
}

const FILE_MAGIC = 'ARROW1';
const FEATHER_1_MAGIC = 'FEA1';
/** Magic and what aligns the first message. */
const FILE_HEAD_BYTES = 8;
/** Length of the footer, and magic. */
const FILE_TAIL_BYTES = 10;
const CONTINUATION = 0xffffffff;
const MOST_METADATA_BYTES = 64 * 2 ** 20;
const BLOCK_BYTES = 24;
const Header = { schema: 1, dictionaries: 2, batch: 3 } as const;

/**
 * Where the record batches of a file with a footer, or of a stream, lie. Descriptions are read, buffers are not.
 * https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 * @throws FormatError when it is not sound
 */
export async function readArrowTable(source: ByteSource): Promise<ArrowTable> {
  const { path, size } = source;
  const head = new Uint8Array(Math.min(size, FILE_HEAD_BYTES));
  await source.read(0, head);
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith(FEATHER_1_MAGIC)) {
    throw new FormatError(path, 0, 'this is a Feather file of version 1, which is not read; write it again as version 2.');
  }
  return text.startsWith(FILE_MAGIC) ? readFile(source) : readStream(source);
}

async function readFile(source: ByteSource): Promise<ArrowTable> {
  const { path, size } = source;
  if (size < FILE_HEAD_BYTES + FILE_TAIL_BYTES) throw new FormatError(path, size, 'the file is too short for an Arrow file.');
  const tail = new Uint8Array(FILE_TAIL_BYTES);
  await source.read(size - FILE_TAIL_BYTES, tail);
  if (Buffer.from(tail.subarray(4)).toString('latin1') !== FILE_MAGIC) {
    throw new FormatError(
      path,
      size - FILE_MAGIC.length,
      'an Arrow file should end with ARROW1: it is cut off, or not written to its end yet.',
    );
  }
  const length = new DataView(tail.buffer).getInt32(0, true);
  const start = size - FILE_TAIL_BYTES - length;
  if (length < 8 || start < FILE_HEAD_BYTES) {
    throw new FormatError(path, size - FILE_TAIL_BYTES, `the footer should have ${length} bytes, but the file has ${size}.`);
  }
  const bytes = await metadata(source, start, length, 'the footer');
  const { schema, blocks } = sound(source, start, 'the footer', () => {
    const footer = FlatTable.root(bytes);
    const described = footer.table(1);
    if (described === null) throw new FlatbufferError('it has no schema');
    const listed = footer.structs(3, BLOCK_BYTES);
    const blocks = Array.from({ length: listed.count }, (_, k) => ({
      offset: listed.int64(k, 0),
      headBytes: listed.int32(k, 8),
      bodyBytes: listed.int64(k, 16),
    }));
    return { schema: readSchema(described), blocks };
  });
  const collected = new Collected(source, schema);
  for (const { offset, headBytes, bodyBytes } of blocks) {
    if (offset < FILE_HEAD_BYTES || headBytes < 8 || bodyBytes < 0 || !(offset + headBytes + bodyBytes <= start)) {
      throw new FormatError(
        path,
        start,
        `a record batch should lie at bytes ${offset} to ${offset + headBytes + bodyBytes}, outside of the data.`,
      );
    }
    const bytes = await metadata(source, offset, headBytes, 'a record batch');
    const view = new DataView(bytes.buffer);
    // Files from before 2019 have no mark of four bytes here.
    const skipped = view.getUint32(0, true) === CONTINUATION ? 8 : 4;
    collected.add(bytes.subarray(skipped), offset + skipped, bodyBytes);
  }
  return collected.table([]);
}

async function readStream(source: ByteSource): Promise<ArrowTable> {
  const { path, size } = source;
  const warnings: string[] = [];
  let collected: Collected | null = null;
  for (let at = 0; ; ) {
    if (at === size && collected !== null) {
      warnings.push('The stream has no mark of its end: it may be cut off behind its last record batch.');
      break;
    }
    const head = new Uint8Array(Math.min(8, size - at));
    if (head.length < 4) throw new FormatError(path, at, 'the stream ends inside a message.');
    await source.read(at, head);
    const view = new DataView(head.buffer);
    const first = view.getUint32(0, true);
    if (first === CONTINUATION && head.length < 8) throw new FormatError(path, at, 'the stream ends inside a message.');
    const skipped = first === CONTINUATION ? 8 : 4;
    const length = first === CONTINUATION ? view.getInt32(4, true) : view.getInt32(0, true);
    if (length === 0 && collected !== null) break;
    if (length < 8 || length > size - at - skipped) {
      const what = collected === null ? 'this is no Arrow stream' : 'the stream is cut off';
      throw new FormatError(
        path,
        at,
        `${what}: a message of ${length} bytes should start here, but the file has ${size - at - skipped} more.`,
      );
    }
    const bytes = await metadata(source, at + skipped, length, 'a message');
    const { type, body } = sound(source, at, 'a message', () => {
      const message = FlatTable.root(bytes);
      return { type: message.uint8(1), body: message.int64(3) };
    });
    const bodyAt = at + skipped + length;
    if (body < 0 || body > size - bodyAt) {
      throw new FormatError(path, bodyAt, `${body} bytes of a record batch were expected, but the file has ${size - bodyAt} more.`);
    }
    if (collected === null) {
      if (type !== Header.schema) throw new FormatError(path, at, 'an Arrow stream should begin with its schema.');
      const schema = sound(source, at, 'the schema', () => {
        const described = FlatTable.root(bytes).table(2);
        if (described === null) throw new FlatbufferError('it is missing');
        return readSchema(described);
      });
      collected = new Collected(source, schema);
    } else if (type === Header.schema) throw new FormatError(path, at, 'a second schema begins here; one stream in a file is read.');
    else if (type === Header.batch) collected.add(bytes, at + skipped, body);
    at = bodyAt + body;
  }
  return collected!.table(warnings);
}

async function metadata(source: ByteSource, offset: number, length: number, what: string): Promise<Uint8Array> {
  if (length > MOST_METADATA_BYTES) {
    throw new FormatError(source.path, offset, `${what} is described in ${length} bytes, more than is read (64 MiB).`);
  }
  const bytes = new Uint8Array(length);
  await source.read(offset, bytes);
  return bytes;
}

function sound<T>(source: ByteSource, at: number, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FlatbufferError) throw new FormatError(source.path, at, `${what} is not sound: ${error.message}.`);
    throw error;
  }
}

/** Batches as they are found. */
class Collected {
  private readonly batches: ArrowBatch[] = [];
  private readonly elements = new Map<number, number>();
  private rows = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly schema: ArrowSchema,
  ) {}

  /** @param offset of `head` in the file; buffers lie behind it */
  add(head: Uint8Array, offset: number, bodyBytes: number): void {
    const batch = { source: this.source, offset, headBytes: head.length, bodyBytes };
    const { rows, buffers } = parseBatch(batch, head, this.schema);
    this.rows += rows;
    if (!Number.isSafeInteger(this.rows)) throw new FormatError(this.source.path, offset, `a record batch should have ${rows} rows.`);
    for (const column of this.schema.columns) {
      const { node, elementNode, list } = column;
      const length = buffers.node(node);
      if (length !== rows)
        throw new FormatError(this.source.path, offset, `a record batch has ${rows} rows, but a column of it ${length}.`);
      if (buffers.compression === null && rows > 0) this.checkLengths(column, rows, buffers, offset);
      if (list !== null) this.elements.set(node, (this.elements.get(node) ?? 0) + buffers.node(elementNode));
    }
    if (rows > 0) this.batches.push({ ...batch, rows, isCompressed: buffers.compression !== null });
  }

  private checkLengths({ name, type, list, offsets, elements }: ArrowColumn, rows: number, buffers: BatchBuffers, at: number): void {
    const [index, needed] =
      list !== null && 'offsetBytes' in list
        ? [offsets!, (rows + 1) * list.offsetBytes]
        : [elements, rows * (list === null ? 1 : list.fixed) * BYTES_PER_ELEMENT[type]];
    const { bytes } = buffers.buffer(index);
    if (needed > bytes) {
      const what = `${rows} rows of column ${JSON.stringify(name)} need ${needed} bytes`;
      throw new FormatError(this.source.path, at, `${what}, but the record batch holds ${bytes}.`);
    }
  }

  table(warnings: readonly string[]): ArrowTable {
    return { schema: this.schema, batches: this.batches, elements: this.elements, warnings };
  }
}

/** @throws FormatError when the description is not sound any more */
export async function readBatchBuffers(batch: ArrowBatch, schema: ArrowSchema): Promise<BatchBuffers> {
  const head = new Uint8Array(batch.headBytes);
  await batch.source.read(batch.offset, head);
  const { rows, buffers } = parseBatch(batch, head, schema);
  if (rows !== batch.rows)
    throw new FormatError(batch.source.path, batch.offset, 'a record batch is not what it was when the file was opened.');
  return buffers;
}

const NODE_BYTES = 16;
const BUFFER_BYTES = 16;

function parseBatch(
  { source, offset, headBytes, bodyBytes }: Pick<ArrowBatch, 'source' | 'offset' | 'headBytes' | 'bodyBytes'>,
  head: Uint8Array,
  schema: ArrowSchema,
): { rows: number; buffers: BatchBuffers } {
  return sound(source, offset, 'a record batch', () => {
    const message = FlatTable.root(head);
    const described = message.table(2);
    if (message.uint8(1) !== Header.batch || described === null) throw new FlatbufferError('it is something else');
    const rows = described.int64(0);
    if (rows < 0) throw new FlatbufferError('it has fewer than no rows');
    const nodes = described.structs(1, NODE_BYTES);
    const listed = described.structs(2, BUFFER_BYTES);
    const views = described.structs(4, 8);
    if (nodes.count !== schema.nodes) throw new FlatbufferError(`it has ${nodes.count} columns, but the schema ${schema.nodes}`);
    if (views.count !== schema.views.length && schema.views.length > 0) throw new FlatbufferError('its views of text are not counted');
    let more = 0;
    const shifts = schema.views.map((from, k) => {
      const count = views.int64(k, 0);
      if (count < 0) throw new FlatbufferError('its views of text are not counted');
      more += count;
      return { from, more };
    });
    if (listed.count !== schema.buffers + more) {
      throw new FlatbufferError(`it has ${listed.count} buffers where ${schema.buffers + more} were expected`);
    }
    const shift = (index: number): number => shifts.findLast(({ from }) => from <= index)?.more ?? 0;
    const buffers: BatchBuffers = {
      compression: compressionOf(described.table(3)),
      node(index) {
        const length = nodes.int64(index, 0);
        if (length < 0) throw new FormatError(source.path, offset, 'a column of a record batch has an impossible length.');
        return length;
      },
      buffer(index) {
        const at = index + shift(index);
        const [start, bytes] = [listed.int64(at, 0), listed.int64(at, 8)];
        if (start < 0 || bytes < 0 || start + bytes > bodyBytes) {
          throw new FormatError(
            source.path,
            offset,
            `a column should lie at bytes ${start} to ${start + bytes} of a record batch of ${bodyBytes}.`,
          );
        }
        return { offset: offset + headBytes + start, bytes };
      },
    };
    return { rows, buffers };
  });
}

function compressionOf(described: FlatTable | null): BatchBuffers['compression'] {
  if (described === null) return null;
  const codec = described.uint8(0);
  if (codec > 1 || described.uint8(1) !== 0) throw new FlatbufferError(`it is compressed by method ${codec}, which is not known`);
  return codec === 0 ? 'lz4-frame' : 'zstd';
}
