import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
const HASH = 0x23;
export const COMMA = 0x2c;
export const SEMICOLON = 0x3b;

/** @throws FormatError when the text is in UTF-16, or is no text */
export async function refuseOtherEncodings(source: ByteSource): Promise<void> {
  const head = new Uint8Array(Math.min(source.size, 4096));
  await source.read(0, head);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw new FormatError(source.path, 0, 'the text is in UTF-16; save it as UTF-8.');
  }
  const zero = head.indexOf(0);
  if (zero >= 0)
    throw new FormatError(source.path, zero, 'text was expected, but this byte is zero: the file is binary or not written yet.');
}

export interface Cell {
  readonly text: string;
  /** Byte in the file. */
  readonly at: number;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const READ_BYTES = 2 ** 20;
const MOST_LINE_BYTES = 64 * 2 ** 20;
const MOST_CELLS = 2 ** 20;

/** Lines of a text, one at a time, with line breaks inside quotes kept. Holds one piece of the text, at least a line long. */
export class LineReader {
  /** `bytes[end]` is always a line break. */
  bytes = Buffer.alloc(0);
  from = 0;
  end = -1;
  /** 1 for the first line of the file. */
  line = 0;
  /** Whether a quote at the start of a cell opens a quoted cell. */
  quotes = true;
  /** Whether lines that start with # are passed over. */
  comments = true;
  /** Bytes filled, and the place of the first of them in the file. */
  private filled = 0;
  private base = 0;
  private linesInside = 1;
  private nextQuote = -1;
  private finished = false;

  constructor(private readonly source: ByteSource) {}

  get path(): string {
    return this.source.path;
  }

  /** Byte of the line in the file. */
  get offset(): number {
    return this.base + this.from;
  }

  /** Moves to the next line that is neither blank nor a comment. False at the end of the text. */
  async next(): Promise<boolean> {
    while (!this.nextBuffered()) if (!(await this.more())) return false;
    return true;
  }

  /** As `next`, within the piece in memory. */
  nextBuffered(): boolean {
    for (;;) {
      const from = this.end + 1;
      const end = this.endOfLine(from);
      if (end < 0) return false;
      this.line += this.linesInside;
      this.linesInside = 1;
      this.from = from;
      this.end = end;
      if (!this.isBlank()) return true;
    }
  }

  /** The cells of this line, without their quotes. */
  cells(separator: number): Cell[] {
    const { bytes, end } = this;
    const cells: Cell[] = [];
    let p = this.from;
    const blank = (c: number) => c === SPACE || c === RETURN || (c === TAB && separator !== TAB);
    for (;;) {
      while (p < end && blank(bytes[p]!)) p++;
      if (separator === SPACE && p === end && cells.length > 0) return cells;
      if (cells.length === MOST_CELLS) {
        throw new FormatError(this.path, this.base + p, `line ${this.line} has more than ${MOST_CELLS} cells.`);
      }
      const start = p;
      if (this.quotes && bytes[p] === QUOTE) {
        p = closingQuote(bytes, p, end);
        if (p < 0) throw new FormatError(this.path, this.base + start, `line ${this.line}: the quote that opens here is never closed.`);
        cells.push({ text: bytes.toString('utf8', start + 1, p).replaceAll('""', '"'), at: this.base + start });
        p++;
        while (p < end && blank(bytes[p]!)) p++;
        if (p < end && bytes[p] !== separator) {
          throw new FormatError(this.path, this.base + p, `line ${this.line}: a separator was expected behind the closing quote.`);
        }
      } else {
        while (p < end && bytes[p] !== separator && !(separator === SPACE && blank(bytes[p]!))) p++;
        cells.push({ text: bytes.toString('utf8', start, p), at: this.base + start });
      }
      if (p >= end) return cells;
      p++;
    }
  }

  private isBlank(): boolean {
    const { bytes, end } = this;
    let p = this.from;
    while (p < end && (bytes[p] === SPACE || bytes[p] === TAB || bytes[p] === RETURN)) p++;
    return p === end || (this.comments && bytes[p] === HASH);
  }

  private endOfLine(from: number): number {
    if (from >= this.filled) return -1;
    const newline = this.bytes.indexOf(NEWLINE, from);
    let end = newline < 0 || newline >= this.filled ? -1 : newline;
    if (this.quotes) {
      if (this.nextQuote < from) {
        const quote = this.bytes.indexOf(QUOTE, from);
        this.nextQuote = quote < 0 ? this.filled : quote;
      }
      if (this.nextQuote < (end < 0 ? this.filled : end)) end = this.endOfQuotedLine(from);
    }
    // An open quote at the end of the text: `cells` says so.
    return end < 0 && this.finished ? this.filled - 1 : end;
  }

  private endOfQuotedLine(from: number): number {
    const { bytes, filled } = this;
    let cellStart = true;
    let breaks = 0;
    for (let p = from; p < filled; p++) {
      const c = bytes[p]!;
      if (c === QUOTE && cellStart) {
        const close = closingQuote(bytes, p, filled);
        const stop = close < 0 ? filled : close;
        for (let q = p; q < stop; q++) if (bytes[q] === NEWLINE) breaks++;
        p = stop;
        cellStart = false;
      } else if (c === NEWLINE) {
        this.linesInside = 1 + breaks;
        return p;
      } else if (c === COMMA || c === TAB || c === SEMICOLON) cellStart = true;
      else if (c !== SPACE) cellStart = false;
    }
    return -1;
  }

  /** Reads on, keeping what is not yet used. At the end of the text a last line without a break gets one. */
  private async more(): Promise<boolean> {
    if (this.finished) return false;
    const start = this.end + 1;
    const rest = this.filled - start;
    const position = this.base + this.filled;
    const left = this.source.size - position;
    if (left === 0) {
      this.finished = true;
      if (rest > 0) this.bytes[this.filled++] = NEWLINE;
      return rest > 0;
    }
    if (rest >= MOST_LINE_BYTES) {
      throw new FormatError(this.path, this.base + start, `line ${this.line + 1} is longer than ${MOST_LINE_BYTES} bytes.`);
    }
    const size = Math.min(Math.max(READ_BYTES, rest), left);
    // One byte more, for the break behind the last line.
    const bytes = this.bytes.length > rest + size ? this.bytes : Buffer.allocUnsafeSlow(rest + size + 1);
    this.bytes.copy(bytes, 0, start, this.filled);
    await this.source.read(position, bytes.subarray(rest, rest + size));
    this.bytes = bytes;
    this.base += start;
    this.filled = rest + size;
    this.end = position === 0 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 2 : -1;
    this.nextQuote = -1;
    return true;
  }
}

/** Place of the quote that closes the one at `open`, or -1; two quotes in a row stand for one. */
function closingQuote(bytes: Buffer, open: number, end: number): number {
  for (let p = open + 1; p < end; p++) {
    if (bytes[p] !== QUOTE) continue;
    if (p + 1 === end || bytes[p + 1] !== QUOTE) return p;
    p++;
  }
  return -1;
}
