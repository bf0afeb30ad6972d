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
  /** Why entries cannot be kept on disk now, a sentence for a person; null while they can. */
  readonly unkept: string | null;
  /**
   * The entry survives the end of this process when it returns, and that of the system after `sync`. One that cannot be written (disk
   * full, read-only) is kept in memory and tried again with the next.
   */
  append(entry: HistoryEntry): Promise<void>;
  /** All that was appended is on disk when it returns, where it can be. Each time makes a trainer on the same disk wait. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a history, and makes the file and its folders where there are none. Storage that is full or may not be written stops nothing: see `unkept`.
 *
 * Crash-safe without repair: an entry is one write at the end of the file, and some entries an fsync. What a crash leaves of an entry is a line
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
  const history = new HistoryFile(path);
  try {
    await history.open();
    await history.load();
    return history;
  } catch (error) {
    await history.close();
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the quota of the disk is used up; free some space',
  EROFS: 'it lies on read-only storage; make that writable',
  // What Node.js makes of EROFS where the folder is yet to be made.
  ENOENT: 'its folder cannot be made; is the storage read-only?',
  EACCES: 'writing there is not permitted; mend the permissions',
  EPERM: 'writing there is not permitted; mend the permissions',
  EIO: 'its storage reports an error (EIO); check the disk, or the connection to it',
  ESTALE: 'its network storage was unmounted (ESTALE); mount it again',
  EHOSTDOWN: 'its network storage does not answer (EHOSTDOWN); check the network',
  ETIMEDOUT: 'its network storage does not answer (ETIMEDOUT); check the network',
};

/** Entries that are kept in memory while they cannot be written, some 30 MB. */
const MOST_UNWRITTEN = 5000;

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
  #unsynced = false;
  /** What could not be written yet, the oldest first; `line` has its end. */
  readonly #unwritten = new Map<string, { readonly head: HistoryHead; readonly line: Buffer }>();
  /** Null where the file cannot even be read. */
  #handle: FileHandle | null = null;
  #appendable = false;
  #unkept: string | null = null;

  constructor(readonly path: string) {}

  get entries(): readonly HistoryHead[] {
    const heads = new Map(Array.from(this.#lines, ([key, { head }]) => [key, head]));
    for (const [key, { head }] of this.#unwritten) heads.set(key, head);
    return [...heads.values()];
  }

  get unkept(): string | null {
    return this.#unkept;
  }

  get damaged(): number {
    return this.#damaged;
  }

  /** To read and append, or only to read, or not at all, as the storage allows. */
  async open(): Promise<void> {
    try {
      await this.#openToAppend();
    } catch (error) {
      this.#refused(error);
      this.#handle = await open(this.path, 'r').catch(() => null);
    }
  }

  async #openToAppend(): Promise<FileHandle> {
    await mkdir(dirname(this.path), { recursive: true });
    const before = this.#handle;
    this.#handle = await open(this.path, 'a+');
    this.#appendable = true;
    await before?.close();
    return this.#handle;
  }

  /** @throws the error itself where it is not of those that a person can mend while this goes on */
  #refused(error: unknown): void {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    this.#appendable = false;
    this.#unkept = `Reports cannot be kept in ${this.path}: ${reason}. Until then they are held in memory, and lost when Sigma ends.`;
  }

  async load(): Promise<void> {
    const handle = this.#handle;
    if (handle === null) return;
    let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    // Of the buffer, the start of a line whose end is not read yet; it lies at this byte of the file.
    let held = 0;
    let offset = 0;
    for (;;) {
      if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
      const { bytesRead } = await handle.read(buffer, held, buffer.length - held, offset + held);
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
    const unwritten = this.#unwritten.get(key);
    if (unwritten !== undefined) return entryOf(unwritten.line) ?? undefined;
    const line = this.#lines.get(key);
    if (line === undefined || this.#handle === null) return undefined;
    const bytes = Buffer.alloc(line.bytes);
    try {
      await this.#handle.read(bytes, 0, line.bytes, line.offset);
    } catch (error) {
      this.#refused(error);
      return undefined;
    }
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
    this.#unwritten.set(key, { head, line });
    try {
      for (const { head, line } of this.#unwritten.values()) {
        await this.#write(head, line);
        this.#unwritten.delete(head.key);
      }
      this.#unkept = null;
    } catch (error) {
      this.#refused(error);
      for (const key of this.#unwritten.keys()) {
        if (this.#unwritten.size <= MOST_UNWRITTEN) break;
        this.#unwritten.delete(key);
      }
    }
  }

  /** @throws the system's error; a part of the line may be written then, without an end */
  async #write(head: HistoryHead, line: Buffer): Promise<void> {
    // Whatever stood in the way may have been mended.
    const handle = this.#appendable ? this.#handle! : await this.#openToAppend();
    await handle.appendFile((await endsInLine(handle)) ? line : Buffer.concat([Uint8Array.of(NEWLINE), line]));
    this.#unsynced = true;
    const { size } = await handle.stat();
    this.#lines.set(head.key, { head, offset: size - line.length, bytes: line.length - 1 });
  }

  async sync(): Promise<void> {
    await this.#appending;
    if (!this.#unsynced) return;
    this.#unsynced = false;
    try {
      await this.#handle?.sync();
    } catch (error) {
      // Some file systems notice only now that they are full: what was written is with them, and what of it is lost is analysed again.
      this.#refused(error);
    }
  }

  async close(): Promise<void> {
    await this.sync();
    await this.#handle?.close();
    this.#handle = null;
  }
}

async function endsInLine(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return true;
  const last = new Uint8Array(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] === NEWLINE;
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
