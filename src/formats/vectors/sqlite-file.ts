import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';

/** Bytes that are read at once: pages that follow one another as a rule stand so in the file. */
const WINDOW = 64 * 2 ** 10;
/** 4 MiB, and what is still in use. */
const WINDOWS = 64;
/** Of one row, as far as it is read. */
const MOST_ROW_BYTES = 64 * 2 ** 20;
/** SQLite can be built for so many. */
const MOST_COLUMNS = 32_767;
/** A b-tree of the largest database is nowhere near as deep. */
const MOST_LEVELS = 24;

const INTERIOR = 5;
const LEAF = 13;

/**
 * A database file of SQLite 3, read as https://www.sqlite.org/fileformat2.html describes it: pages, b-trees of tables and rows. No SQL is
 * run, nothing is locked, and a journal beside the file is not applied.
 */
export class SqliteFile {
  private readonly windows = new Map<number, Uint8Array>();

  private constructor(
    readonly source: ByteSource,
    private readonly pageSize: number,
    /** Bytes of a page that hold content. */
    private readonly usable: number,
    /** That the file holds. */
    private readonly pages: number,
    private readonly text: TextDecoder,
  ) {}

  static async open(source: ByteSource): Promise<SqliteFile> {
    const { path, size } = source;
    if (size < 100) throw new FormatError(path, size, 'the file ends inside the header of a SQLite database.');
    const head = new Uint8Array(100);
    await source.read(0, head);
    if (!Buffer.from(head.buffer, 0, 16).equals(Buffer.from('SQLite format 3\0', 'latin1')))
      throw new FormatError(path, 0, 'it should start with "SQLite format 3", as databases do that are not encrypted.');
    const view = new DataView(head.buffer);
    const written = view.getUint16(16);
    const pageSize = written === 1 ? 65536 : written;
    const usable = pageSize - head[20]!;
    if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0 || usable < 480)
      throw new FormatError(path, 16, `pages of ${pageSize} bytes with ${head[20]} reserved are none that SQLite has.`);
    // The number of pages holds where the version that wrote it also made the last change.
    const counted = view.getUint32(24) === view.getUint32(92) ? view.getUint32(28) : 0;
    const pages = Math.floor(size / pageSize);
    if (counted > pages || pages === 0)
      throw new FormatError(path, size, `the database has ${counted} pages of ${pageSize} bytes, but the file ends after ${pages}.`);
    const encoding = ['utf-8', 'utf-8', 'utf-16le', 'utf-16be'][view.getUint32(56)];
    if (encoding === undefined) throw new FormatError(path, 56, `a text encoding of number ${view.getUint32(56)} is not known.`);
    return new SqliteFile(source, pageSize, usable, pages, new TextDecoder(encoding));
  }

  /** The rows of the table whose b-tree begins at a page, by ascending rowid. A row is valid until the next one is asked for. */
  async *rows(root: number): AsyncGenerator<SqliteRow> {
    // Whatever its pages say, a tree has no more of them than the file: circles end there.
    const budget = new Budget(this.pages);
    const held = new Held();
    const open: { page: Uint8Array; number: number; next: number }[] = [];
    const enter = async (number: number): Promise<void> => {
      if (open.length === MOST_LEVELS || !budget.take()) this.refuse(number, 'its b-tree does not end.');
      open.push({ page: await this.page(number), number, next: 0 });
    };
    await enter(root);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { page, number } = top;
      const start = number === 1 ? 100 : 0;
      const kind = page[start];
      if (kind !== LEAF && kind !== INTERIOR) this.refuse(number, `it should be of a table's b-tree, but is of kind ${kind}.`);
      const view = viewOf(page);
      const cells = view.getUint16(start + 3);
      const pointers = start + (kind === LEAF ? 8 : 12);
      if (pointers + 2 * cells > this.usable) this.refuse(number, `${cells} cells do not fit into it.`);
      if (top.next > cells || (kind === LEAF && top.next === cells)) {
        open.pop();
        continue;
      }
      const index = top.next++;
      // After its cells an interior page names one more child.
      const at = index === cells ? start + 8 : view.getUint16(pointers + 2 * index);
      if (at + 4 > this.usable) this.refuse(number, 'a cell lies outside of it.');
      if (kind === INTERIOR) await enter(view.getUint32(at));
      else yield await this.row(page, number, at, held, budget);
    }
  }

  private async row(page: Uint8Array, number: number, at: number, held: Held, budget: Budget): Promise<SqliteRow> {
    const { usable } = this;
    const [size, afterSize] = varint(page, at);
    const [rowid, from] = varint(page, afterSize);
    const most = usable - 35;
    let local = size;
    if (size > most) {
      const least = Math.floor(((usable - 12) * 32) / 255) - 23;
      local = least + ((size - least) % (usable - 4));
      if (local > most) local = least;
    }
    const spills = local < size;
    if (!Number.isSafeInteger(size) || from + local + (spills ? 4 : 0) > usable) this.refuse(number, 'a row lies outside of it.');
    held.begin(page.subarray(from, from + local));
    let next = spills ? viewOf(page).getUint32(from + local) : 0;
    const load = async (bytes: number): Promise<Uint8Array> => {
      if (bytes > size) this.refuse(number, 'a row ends before its values do.');
      if (bytes > MOST_ROW_BYTES) this.refuse(number, `a row takes more than the ${MOST_ROW_BYTES} bytes that are read of one.`);
      while (held.length < bytes) {
        if (!budget.take()) this.refuse(number, 'a row does not end.');
        const overflow = await this.page(next);
        next = viewOf(overflow).getUint32(0);
        held.add(overflow.subarray(4, Math.min(usable, 4 + size - held.length)), size);
      }
      return held.bytes;
    };
    return this.record(number, rowid, load);
  }

  /** The header of a row: the types of its values, and where each lies. */
  private async record(number: number, rowid: number, load: (bytes: number) => Promise<Uint8Array>): Promise<SqliteRow> {
    let bytes = await load(1);
    // The length of the header is itself a number of up to 9 bytes, of which all but the last have the top bit.
    let lengthBytes = 1;
    while (lengthBytes < 9 && bytes[lengthBytes - 1]! >= 0x80) bytes = await load(++lengthBytes);
    const [headerBytes, first] = varint(bytes, 0);
    bytes = await load(headerBytes);
    const fields: SqliteField[] = [];
    let offset = headerBytes;
    for (let at = first; at < headerBytes; ) {
      const [type, next] = varint(bytes, at);
      if (next > headerBytes) this.refuse(number, 'the header of a row ends inside a type.');
      at = next;
      const field = fieldOf(type, offset);
      if (field === null) this.refuse(number, `a value of type ${type} is none that SQLite has.`);
      if (fields.push(field as SqliteField) > MOST_COLUMNS) this.refuse(number, `a row has more than ${MOST_COLUMNS} values.`);
      offset += (field as SqliteField).length;
    }
    return {
      rowid,
      fields,
      load: async (field) => (await load(field.offset + field.length)).subarray(field.offset, field.offset + field.length),
      text: async (field) =>
        this.text.decode((await load(field.offset + field.length)).subarray(field.offset, field.offset + field.length)),
    };
  }

  private async page(number: number): Promise<Uint8Array> {
    const { pageSize, pages, source, windows } = this;
    if (number < 1 || number > pages) throw new FormatError(source.path, null, `page ${number} is named, but the database has ${pages}.`);
    const offset = (number - 1) * pageSize;
    const index = Math.floor(offset / WINDOW);
    let window = windows.get(index);
    if (window === undefined) {
      window = new Uint8Array(Math.min(WINDOW, source.size - index * WINDOW));
      await source.read(index * WINDOW, window);
      windows.set(index, window);
      if (windows.size > WINDOWS) windows.delete(windows.keys().next().value!);
    }
    return window.subarray(offset - index * WINDOW, offset - index * WINDOW + pageSize);
  }

  private refuse(page: number, detail: string): never {
    throw new FormatError(this.source.path, (page - 1) * this.pageSize, `page ${page} of the database is damaged: ${detail}`);
  }
}

export interface SqliteRow {
  readonly rowid: number;
  /** Of the columns that were there when it was written: later ones are missing at the end. */
  readonly fields: readonly SqliteField[];
  /** Valid until the next row is asked for. */
  load(field: SqliteField): Promise<Uint8Array>;
  text(field: SqliteField): Promise<string>;
}

export interface SqliteField {
  readonly kind: 'null' | 'integer' | 'real' | 'blob' | 'text';
  /** For integers 0 and 1 that are stored in the type itself. */
  readonly constant: number | null;
  readonly offset: number;
  readonly length: number;
}

/** A whole number that a row holds; null where it is none. */
export async function integerOf(row: SqliteRow, field: SqliteField): Promise<number | null> {
  if (field.kind !== 'integer') return null;
  if (field.constant !== null) return field.constant;
  const bytes = Buffer.from(await row.load(field));
  return field.length === 8 ? Number(bytes.readBigInt64BE()) : bytes.readIntBE(0, field.length);
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

function fieldOf(type: number, offset: number): SqliteField | null {
  const field = (kind: SqliteField['kind'], length: number, constant: number | null = null) => ({ kind, constant, offset, length });
  if (type === 0) return field('null', 0);
  if (type <= 6) return field('integer', INTEGER_BYTES[type]!);
  if (type === 7) return field('real', 8);
  if (type === 8 || type === 9) return field('integer', 0, type - 8);
  if (type < 12 || !Number.isSafeInteger(type)) return null;
  return type % 2 === 0 ? field('blob', (type - 12) / 2) : field('text', (type - 13) / 2);
}

/** A number of 1 to 9 bytes, the most significant first, and where it ends. Bytes beyond the end are 0, and what is beyond 2^53 is rounded. */
function varint(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + i + 1];
  }
  return [value * 256 + (bytes[at + 8] ?? 0), at + 9];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** How many pages may still be read. */
class Budget {
  constructor(private left: number) {}

  take(): boolean {
    return this.left-- > 0;
  }
}

/** What is read of a row: in its page, or, with what lies elsewhere, in a buffer that the next row uses again. */
class Held {
  bytes: Uint8Array = new Uint8Array(0);
  private buffer = new Uint8Array(0);

  get length(): number {
    return this.bytes.length;
  }

  begin(local: Uint8Array): void {
    this.bytes = local;
  }

  /** @param size of the row, for which the buffer grows as far as it is read */
  add(more: Uint8Array, size: number): void {
    const { length } = this.bytes;
    const end = length + more.length;
    if (this.buffer.length < end) {
      const grown = new Uint8Array(Math.min(Math.max(2 * end, 64 * 2 ** 10), Math.max(size, end)));
      grown.set(this.bytes);
      this.buffer = grown;
    } else if (this.bytes.buffer !== this.buffer.buffer) this.buffer.set(this.bytes);
    this.buffer.set(more, length);
    this.bytes = this.buffer.subarray(0, end);
  }
}
