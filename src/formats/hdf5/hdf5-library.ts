import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';

export type Hdf5Kind = 'group' | 'dataset' | 'soft link' | 'external link' | 'other';

/** Numbers that h5wasm gives in the machine's byte order, little-endian. */
interface Metadata {
  /** Class number of the datatype. */
  readonly type: number;
  /** Bytes of an element. */
  readonly size: number;
  readonly signed: boolean;
  readonly vlen: boolean;
  readonly total_size: number;
  /** Null for an empty dataset. */
  readonly shape: readonly number[] | null;
  /** Null where the data lie in one piece. */
  readonly chunks: readonly number[] | null;
  readonly enum_type?: { readonly members: Readonly<Record<string, number>> };
  readonly virtual_sources?: readonly unknown[];
}

/** The functions of h5wasm that are used; its declarations are not exported. */
interface H5Module {
  readonly FS: EmscriptenFs;
  readonly HEAPU8: Uint8Array;
  readonly H5F_ACC_RDONLY: number;
  readonly H5G_GROUP: number;
  readonly H5G_DATASET: number;
  readonly H5T_class_t: { readonly H5T_STRING: { readonly value: number } };
  _malloc(bytes: number): number;
  _free(at: number): void;
  open(path: string, mode: number, trackOrder: boolean, lowest: number, highest: number): bigint;
  close_file(file: bigint): number;
  get_symbolic_link(file: bigint, path: string): string | null;
  get_external_link(file: bigint, path: string): { readonly filename?: string };
  get_type(file: bigint, path: string): number;
  get_names(file: bigint, path: string, recursive: boolean): Iterable<string>;
  get_dataset_metadata(file: bigint, path: string): Metadata;
  get_dataset_filters(file: bigint, path: string): { readonly id: number; readonly name: string }[];
  get_dataset_data(file: bigint, path: string, count: bigint[], offset: bigint[], strides: bigint[], into: bigint): number;
  get_attribute_names(file: bigint, path: string): Iterable<string>;
  get_attribute_metadata(file: bigint, path: string, name: string): Metadata;
  get_attribute_data(file: bigint, path: string, name: string, into: bigint): number;
}

export interface Hdf5Dataset extends Metadata {
  readonly filters: readonly { readonly id: number; readonly name: string }[];
}

/** Where the one file lies in the library's file system, which is in memory and holds nothing else. */
const MOUNTED = 'file.h5';
/** Numbers of Emscripten's errno: input or output error, read-only. */
const EIO = 29;
const EROFS = 69;
/** Far above any name; a longer one is no text that is looked for. */
const MOST_TEXT = 4096;

/** A fresh instance of the library. */
export async function loadHdf5(): Promise<H5Module> {
  // biome-ignore lint/style/noRestrictedImports: a package's module, which it does not export by name.
  const { default: found } = await import('../../../node_modules/h5wasm/dist/esm/hdf5_util.js');
  // Bundled as CommonJS, its default export lies one level deeper.
  const load = typeof found === 'function' ? found : found.default;
  return (await load({ noInitialRun: true, print: () => {}, printErr: () => {} })) as H5Module;
}

/**
 * A file behind an instance of the HDF5 library of its own. The library sees the bytes of this file, read-only, and no other file, so that
 * links out of it lead nowhere. After an abort nothing more is read from it.
 */
export class Hdf5File {
  private readFailure: unknown = null;
  private aborted = false;
  private file = -1n;

  private constructor(
    private readonly library: H5Module,
    private readonly source: ByteSource,
  ) {}

  /** @throws FormatError when it is no sound HDF5 file */
  static async open(source: ByteSource): Promise<Hdf5File> {
    if (source.readSync === undefined) throw new FormatError(source.path, null, 'an HDF5 file can be read only from a disk.');
    const library = await loadHdf5();
    const opened = new Hdf5File(library, source);
    opened.mount();
    opened.file = opened.call('the file cannot be opened: it is damaged, cut off or still being written.', () =>
      library.open(`/${MOUNTED}`, library.H5F_ACC_RDONLY, false, -1, -1),
    );
    if (opened.file < 0n) throw opened.failure('the file cannot be opened: it is damaged, cut off or still being written.');
    return opened;
  }

  /** What lies at a path, which is not followed where it is a link. */
  kind(path: string): Hdf5Kind {
    const { library, file } = this;
    return this.call(`${quoted(path)} is damaged.`, () => {
      // Asked first, as the type is that of what a link leads to.
      if (library.get_symbolic_link(file, path) !== null) return 'soft link';
      if (library.get_external_link(file, path).filename !== undefined) return 'external link';
      const type = library.get_type(file, path);
      if (type === library.H5G_GROUP) return 'group';
      return type === library.H5G_DATASET ? 'dataset' : 'other';
    });
  }

  /** The names in a group, in the order of the alphabet. */
  names(group: string): string[] {
    return this.call(`group ${quoted(group)} is damaged.`, () => [...this.library.get_names(this.file, group, false)]);
  }

  dataset(path: string): Hdf5Dataset {
    const { library, file } = this;
    return this.call(`the description of dataset ${quoted(path)} is damaged.`, () => ({
      ...library.get_dataset_metadata(file, path),
      filters: library.get_dataset_filters(file, path),
    }));
  }

  hasAttribute(path: string, name: string): boolean {
    return this.call(`the attributes of ${quoted(path)} are damaged.`, () =>
      [...this.library.get_attribute_names(this.file, path)].includes(name),
    );
  }

  /** An attribute that is one text; null where there is none, or it is something else. */
  text(path: string, name: string): string | null {
    if (!this.hasAttribute(path, name)) return null;
    const { library, file } = this;
    return this.call(`attribute ${quoted(name)} of ${quoted(path)} is damaged.`, () => {
      const { type, vlen, size, total_size } = library.get_attribute_metadata(file, path, name);
      if (type !== library.H5T_class_t.H5T_STRING.value || total_size !== 1 || size > MOST_TEXT) return null;
      return this.within(size, (at) => {
        library.get_attribute_data(file, path, name, BigInt(at));
        if (!vlen) return new TextDecoder().decode(library.HEAPU8.subarray(at, at + size)).replace(/\0.*$/s, '');
        const start = new DataView(library.HEAPU8.buffer).getUint32(at, true);
        const text = library.HEAPU8.subarray(start, start + MOST_TEXT);
        return new TextDecoder().decode(text.subarray(0, Math.max(0, text.indexOf(0))));
      });
    });
  }

  /**
   * `count` elements along each axis from `offset` on, in C order, little-endian.
   * @param use what to do with them; they are gone afterwards
   */
  read(path: string, offset: readonly number[], count: readonly number[], bytes: number, use: (elements: Uint8Array) => void): void {
    const { library, file } = this;
    const what = `the data of dataset ${quoted(path)} cannot be read: they are damaged, cut off, or in another file.`;
    this.call(what, () =>
      this.within(bytes, (at) => {
        const big = (sizes: readonly number[]) => sizes.map(BigInt);
        const strides = count.map(() => 1n);
        if (library.get_dataset_data(file, path, big(count), big(offset), strides, BigInt(at)) < 0) throw this.failure(what);
        use(library.HEAPU8.subarray(at, at + bytes));
      }),
    );
  }

  close(): void {
    if (!this.aborted) this.library.close_file(this.file);
    this.aborted = true;
  }

  private within<T>(bytes: number, work: (at: number) => T): T {
    const at = this.library._malloc(bytes);
    if (at === 0) throw new FormatError(this.source.path, null, `the HDF5 library has no memory for ${bytes} bytes.`);
    try {
      return work(at);
    } finally {
      this.library._free(at);
    }
  }

  private call<T>(what: string, work: () => T): T {
    if (this.aborted) throw new FormatError(this.source.path, null, 'the HDF5 library stopped at this file; nothing more is read from it.');
    try {
      return work();
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) this.aborted = true;
      throw error instanceof FormatError ? error : this.failure(what);
    }
  }

  /** What could not be read from the disk is the reason, where there is such. */
  private failure(what: string): FormatError {
    const reason = this.readFailure;
    this.readFailure = null;
    return reason instanceof FormatError ? reason : new FormatError(this.source.path, null, what);
  }

  private mount(): void {
    const { FS } = this.library;
    const { source } = this;
    const node = FS.createFile('/', MOUNTED, {}, true, false);
    const { getattr } = node.node_ops;
    const readOnly = () => {
      throw new FS.ErrnoError(EROFS);
    };
    Object.defineProperty(node, 'usedBytes', { get: () => source.size });
    node.node_ops = { getattr: (each) => ({ ...getattr(each), size: source.size }), setattr: readOnly };
    node.stream_ops = {
      llseek: node.stream_ops.llseek,
      write: readOnly,
      read: (_stream, heap, at, length, position) => {
        const bytes = Math.max(0, Math.min(length, source.size - position));
        try {
          source.readSync!(position, new Uint8Array(heap.buffer, heap.byteOffset + at, bytes));
        } catch (error) {
          // An exception through the library's frames would leave it in disorder.
          this.readFailure = error;
          throw new FS.ErrnoError(EIO);
        }
        return bytes;
      },
    };
  }
}

/** Of Emscripten's file system, what a file of our own is made with. */
interface EmscriptenFs {
  readonly ErrnoError: new (code: number) => Error;
  createFile(folder: string, name: string, properties: object, canRead: boolean, canWrite: boolean): EmscriptenNode;
}

interface EmscriptenNode {
  node_ops: { getattr: (node: unknown) => object; setattr: () => never };
  stream_ops: {
    llseek: unknown;
    write: () => never;
    read: (stream: unknown, heap: Int8Array, at: number, length: number, position: number) => number;
  };
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}...` : name);
}
