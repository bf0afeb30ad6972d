import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JsonValue } from '../analysis/report-json';

export const HISTORY_SCHEMA = 'sigma.history/1';

/** What an entry is about. */
export interface HistoryHead {
  /** What was analysed and how: equal keys mean equal reports. */
  readonly key: string;
  /** Directory of the run. */
  readonly run: string;
  /** Name of the checkpoint. */
  readonly checkpoint: string;
  readonly step: number;
  /** Name of the file in its checkpoint. */
  readonly file: string;
  readonly tensor: string | null;
  /** ISO 8601. */
  readonly analysedAt: string;
}

export interface HistoryEntry extends HistoryHead {
  /** By `toJson`: JSON has no NaN, and non-finite numbers are strings there. */
  readonly report: JsonValue;
}

/** Reports of earlier analyses, one JSON document a line. Of several entries with one key the last counts. */
export interface History {
  /** One for each key, in the order in which the keys first came. */
  readonly entries: readonly HistoryHead[];
  /** Lines that cannot be read, as far as was seen; they stay in the file. */
  readonly damaged: number;
  /** Undefined where there is none, or where its line turns out to be damaged. */
  find(key: string): Promise<HistoryEntry | undefined>;
  /** On disk when it returns. */
  append(entry: HistoryEntry): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a history, and makes the file and its folders where there are none.
 *
 * Crash-safe without repair: an entry is one write at the end of the file and an fsync. What a crash leaves of an entry is a line
 * without an end, which is skipped; the next entry starts on a fresh line.
 *
 * There is no lock: one that a crash leaves behind would have to be broken by guesses (process ids come again, and other hosts have
 * their own). Writes with O_APPEND go to the end of a local file one after the other, whole; on a network file system two writers may
 * garble each other's entry, which is then skipped, and analysed again. What another writer appends is seen when the history is opened
 * the next time.
 *
 * Reports stay on disk until they are asked for: 100,000 of them are 350 MB and take seconds to parse.
 */
export async function openHistory(path: string): Promise<History> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'a+');
  try {
    const history = new HistoryFile(handle);
    await history.load();
    return history;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

interface Line {
  readonly head: HistoryHead;
  readonly offset: number;
  readonly bytes: number;
}

const CHUNK_BYTES = 4 * 2 ** 20;
const NEWLINE = 10;
const CLOSING_BRACE = 125;
/** Inside a JSON string its quotation marks would be escaped: the first occurrence is the member. */
const REPORT_MEMBER = Buffer.from(',"report":');

class HistoryFile implements History {
  readonly #lines = new Map<string, Line>();
  #damaged = 0;
  #appending: Promise<void> = Promise.resolve();

  constructor(readonly handle: FileHandle) {}

  get entries(): readonly HistoryHead[] {
    return Array.from(this.#lines.values(), ({ head }) => head);
  }

  get damaged(): number {
    return this.#damaged;
  }

  async load(): Promise<void> {
    let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    // Of the buffer, the start of a line whose end is not read yet; it lies at this byte of the file.
    let held = 0;
    let offset = 0;
    for (;;) {
      if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
      const { bytesRead } = await this.handle.read(buffer, held, buffer.length - held, offset + held);
      if (bytesRead === 0) break;
      const bytes = buffer.subarray(0, held + bytesRead);
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE, held); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        this.#take(bytes.subarray(start, end), offset + start);
        start = end + 1;
      }
      bytes.copyWithin(0, start);
      held = bytes.length - start;
      offset += start;
    }
    const rest = buffer.subarray(0, held);
    // Only its newline may be missing.
    if (held > 0 && entryOf(rest) !== null) this.#take(rest, offset);
    else if (held > 0) this.#damaged++;
  }

  #take(line: Buffer, offset: number): void {
    if (line.length === 0) return;
    const head = headOf(line);
    if (head === null) this.#damaged++;
    else this.#lines.set(head.key, { head, offset, bytes: line.length });
  }

  async find(key: string): Promise<HistoryEntry | undefined> {
    const line = this.#lines.get(key);
    if (line === undefined) return undefined;
    const bytes = Buffer.alloc(line.bytes);
    await this.handle.read(bytes, 0, line.bytes, line.offset);
    const entry = entryOf(bytes);
    if (entry?.key === key) return entry;
    this.#damaged++;
    this.#lines.delete(key);
    return undefined;
  }

  append(entry: HistoryEntry): Promise<void> {
    const appended = this.#appending.then(() => this.#append(entry));
    this.#appending = appended.catch(() => {});
    return appended;
  }

  async #append({ key, run, checkpoint, step, file, tensor, analysedAt, report }: HistoryEntry): Promise<void> {
    const head: HistoryHead = { key, run, checkpoint, step, file, tensor, analysedAt };
    const line = Buffer.from(`${JSON.stringify({ schema: HISTORY_SCHEMA, ...head, report })}\n`);
    await this.handle.appendFile((await this.#endsInLine()) ? line : Buffer.concat([Uint8Array.of(NEWLINE), line]));
    await this.handle.sync();
    const { size } = await this.handle.stat();
    this.#lines.set(key, { head, offset: size - line.length, bytes: line.length - 1 });
  }

  async #endsInLine(): Promise<boolean> {
    const { size } = await this.handle.stat();
    if (size === 0) return true;
    const last = new Uint8Array(1);
    await this.handle.read(last, 0, 1, size - 1);
    return last[0] === NEWLINE;
  }

  async close(): Promise<void> {
    await this.#appending;
    await this.handle.close();
  }
}

/** Without the report, which is not looked at. */
function headOf(line: Buffer): HistoryHead | null {
  const end = line.indexOf(REPORT_MEMBER);
  if (end < 0 || line.at(-1) !== CLOSING_BRACE) return null;
  return checked<HistoryHead>(`${line.toString('utf8', 0, end)}}`);
}

function entryOf(line: Buffer): HistoryEntry | null {
  return checked<HistoryEntry>(line.toString('utf8'));
}

function checked<T extends HistoryHead>(json: string): T | null {
  try {
    const { schema, ...value } = JSON.parse(json) as T & { readonly schema: unknown };
    return schema === HISTORY_SCHEMA && typeof value.key === 'string' ? (value as unknown as T) : null;
  } catch {
    return null;
  }
}
