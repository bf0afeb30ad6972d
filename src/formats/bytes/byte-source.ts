import { FormatError } from '../format-error';

/** Why nothing is said of a file that was saved again meanwhile. */
export const CHANGED = 'the file changed while it was read; analyse it again once it is saved.';

/** Bytes at an address: a file, or a part of one. */
export interface ByteSource {
  /** For messages and for finding siblings. A part of a file has the file's path and, in brackets, its own name. */
  readonly path: string;
  readonly size: number;
  /** Changes when the content does (size, modification time and inode). */
  readonly fingerprint: string;
  /**
   * Fills `target` from `offset`.
   * @throws FormatError when the bytes are not all there, or the file is not the one that was opened any more
   */
  read(offset: number, target: Uint8Array): Promise<void>;
  /** The same before it returns, for libraries that cannot wait; absent where the bytes have to be waited for. */
  readonly readSync?: (offset: number, target: Uint8Array) => void;
  close(): Promise<void>;
}

/** How a format reaches files beside its own, e.g. the shards of a model. */
export type OpenBytes = (path: string) => Promise<ByteSource>;

/** The names in a folder; null where there is no such folder. */
export type ListFolder = (path: string) => Promise<readonly string[] | null>;

/** Bytes that can only be had from the start to the end, e.g. a compressed part of a file. */
export interface ByteStream {
  readonly path: string;
  /** Of all chunks together. */
  readonly size: number;
  /**
   * A fresh pass from the start. A chunk is valid until the next one is asked for.
   * @throws FormatError where the bytes turn out to be unsound, at the latest at their end
   */
  chunks(): AsyncIterable<Uint8Array>;
}

/**
 * The part of `source` of `size` bytes at `offset`. Closing it leaves `source` open.
 * @throws FormatError when the part does not lie inside `source`
 */
export function partOf(source: ByteSource, name: string, offset: number, size: number): ByteSource {
  const path = `${source.path} (${name})`;
  if (!Number.isSafeInteger(offset + size) || offset < 0 || size < 0 || offset + size > source.size) {
    throw new FormatError(path, null, `it should lie at bytes ${offset} to ${offset + size}, but the file has ${source.size} bytes.`);
  }
  const check = (at: number, target: Uint8Array): void => {
    if (at < 0 || at + target.length > size) {
      throw new FormatError(path, at, `${target.length} bytes were expected, but the data ends at byte ${size}.`);
    }
  };
  const { readSync } = source;
  return {
    path,
    size,
    fingerprint: source.fingerprint,
    async read(at, target) {
      check(at, target);
      await source.read(offset + at, target);
    },
    readSync:
      readSync &&
      ((at, target) => {
        check(at, target);
        readSync.call(source, offset + at, target);
      }),
    async close() {},
  };
}
