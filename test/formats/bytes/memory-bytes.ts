import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteSource, ByteStream, OpenBytes } from '../../../src/formats/bytes/byte-source';
import { FormatError } from '../../../src/formats/format-error';
import type { MatrixSource } from '../../../src/formats/matrix-source';

/** A source over bytes in memory that keeps the rules of a file, and counts. */
export class MemoryBytes implements ByteSource {
  readonly fingerprint = 'in memory';
  readonly size: number;
  reads = 0;
  /** Most bytes asked for at once. */
  longestRead = 0;
  open = true;

  constructor(
    private readonly bytes: Uint8Array,
    readonly path = '/memory',
  ) {
    this.size = bytes.length;
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    this.readSync(offset, target);
  }

  readSync(offset: number, target: Uint8Array): void {
    if (!this.open) throw new Error(`${this.path} is closed`);
    if (!Number.isSafeInteger(offset) || offset < 0) throw new Error(`read at ${offset}`);
    this.reads++;
    this.longestRead = Math.max(this.longestRead, target.length);
    const part = this.bytes.subarray(offset, offset + target.length);
    target.set(part);
    if (part.length < target.length) throw new FormatError(this.path, offset + part.length, 'the file ends here.');
  }

  async close(): Promise<void> {
    this.open = false;
  }
}

/** A stream over bytes in memory, in chunks of `chunkBytes`. */
export function memoryStream(bytes: Uint8Array, chunkBytes: number): ByteStream {
  return {
    path: '/memory',
    size: bytes.length,
    async *chunks() {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
    },
  };
}

/** A folder in memory. `left` says how many sources were opened and never closed. */
export function memoryFolder(files: Readonly<Record<string, Uint8Array>>): {
  openBytes: OpenBytes;
  left(): number;
  sources: MemoryBytes[];
} {
  const sources: MemoryBytes[] = [];
  return {
    sources,
    left: () => sources.filter((source) => source.open).length,
    async openBytes(path) {
      const bytes = files[path];
      if (bytes === undefined) throw new FormatError(path, null, 'there is no such file.');
      const source = new MemoryBytes(bytes, path);
      sources.push(source);
      return source;
    },
  };
}

export const numpyFixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'numpy');

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(numpyFixtures, name)));
}

interface ExpectedArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly (number | string)[];
}

interface Expected {
  readonly arrays: Readonly<Record<string, ExpectedArray>>;
  readonly archives: Readonly<Record<string, Readonly<Record<string, ExpectedArray>>>>;
  readonly tables: Readonly<Record<string, readonly (number | string)[]>>;
  readonly tableHashes: Readonly<Record<string, string>>;
  readonly text: Readonly<Record<string, readonly (number | string)[]>>;
}

export const expected = JSON.parse(readFileSync(join(numpyFixtures, 'expected.json'), 'utf8')) as Expected;

/** JSON has no NaN, no infinities, and its writers drop the sign of zero: these are strings there. */
export function numbers(values: readonly (number | string)[]): number[] {
  return values.map(Number);
}

/** Every row, checked to come in order and in blocks that are not too large. */
export async function streamed(matrix: MatrixSource, rowsPerBlock: number): Promise<number[]> {
  const values: number[] = [];
  let rows = 0;
  for await (const block of matrix.stream(rowsPerBlock)) {
    if (block.first !== rows || block.count < 1 || block.count > rowsPerBlock)
      throw new Error(`block of ${block.count} rows at ${block.first}`);
    values.push(...block.values.subarray(0, block.count * matrix.columns));
    rows += block.count;
  }
  if (matrix.rows !== null && rows !== matrix.rows) throw new Error(`${rows} of ${matrix.rows} rows`);
  return values;
}

/** What is wrong with the file: fails when nothing is, or when the error is not the reader's own. */
export async function formatErrorOf(work: () => unknown): Promise<FormatError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('A FormatError was expected.');
}
