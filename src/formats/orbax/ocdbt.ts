import { join } from 'node:path';
import { type ByteSource, type ListFolder, type OpenBytes, partOf } from '../bytes/byte-source';
import { crc32c } from '../bytes/crc32';
import { DecompressionError, zstdOfAnySize } from '../bytes/decompress';
import { ShardPool } from '../bytes/shard-pool';
import { FormatError } from '../format-error';
import { storeOf, wholeSource, type ZarrStore } from '../zarr/zarr-store';

export const MANIFEST = 'manifest.ocdbt';

const MANIFEST_MAGIC = 0x0cdb_3a2a;
const NODE_MAGIC = 0x0cdb_20de;
/** TensorStore writes nodes of 8 MiB at most, unless told otherwise. */
const MOST_NODE_BYTES = 32 * 2 ** 20;
/** Of all nodes together, and of what is made of them: keys and values that lie inline. */
const MOST_TREE_BYTES = 128 * 2 ** 20;
const MOST_VALUES = 100_000;
const MOST_FILES = 10_000;
const MOST_NODES = 100_000;

/**
 * The database that TensorStore keeps arrays in: `manifest.ocdbt` names the root of a B+tree, whose nodes and values lie in data files.
 * The last version counts. https://google.github.io/tensorstore/kvstore/ocdbt
 */
export async function ocdbtStore(folder: string, openBytes: OpenBytes, listFolder: ListFolder): Promise<ZarrStore> {
  const pool = new ShardPool(openBytes);
  try {
    const tree = new Tree(folder, pool, await zstdOfAnySize());
    await tree.read(listFolder);
    return storeOf(folder, tree.values, [...tree.files.values()], () => pool.close());
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** Where a node lies. */
interface Place {
  readonly file: DataFile;
  readonly offset: number;
  readonly length: number;
}

interface DataFile {
  /** Of the database's folder, with `/`. */
  readonly path: string;
  /** What paths in a node that lies there start with. */
  readonly base: string;
}

class Tree {
  readonly values = new Map<string, ByteSource>();
  /** By path, the manifest too. */
  readonly files = new Map<string, ByteSource>();
  private nodes = 0;
  private bytes = 0;

  constructor(
    private readonly folder: string,
    private readonly pool: ShardPool,
    private readonly unzstd: (input: Uint8Array, limit: number) => Uint8Array,
  ) {}

  async read(listFolder: ListFolder): Promise<void> {
    let fields = await this.manifest(MANIFEST);
    if (fields.numbered) {
      const names = (await listFolder(this.folder)) ?? [];
      const last = names
        .filter((name) => /^manifest\.[0-9a-f]{16}$/.test(name))
        .sort()
        .at(-1);
      if (last === undefined)
        throw new FormatError(join(this.folder, MANIFEST), null, 'the numbered manifests that it refers to are missing.');
      fields = await this.manifest(last);
    }
    const { cursor } = fields;
    const files = dataFiles(cursor, '');
    const versions = cursor.count();
    if (versions === 0) throw cursor.error('there is no version of the database.');
    cursor.numbers(versions);
    const heights = cursor.take(versions);
    const [ids, offsets, lengths] = [cursor.numbers(versions), cursor.numbers(versions), cursor.numbers(versions)];
    const last = versions - 1;
    // So TensorStore writes the root of an empty database.
    if (offsets[last]! > Number.MAX_SAFE_INTEGER) return;
    await this.node({ file: fileAt(files, ids[last]!, cursor), offset: offsets[last]!, length: lengths[last]! }, heights[last]!, '', true);
  }

  private async manifest(name: string): Promise<{ readonly numbered: boolean; readonly cursor: Cursor }> {
    const source = await this.file(name);
    const cursor = await this.opened(source, 0, source.size, MANIFEST_MAGIC, 'the manifest of an OCDBT database');
    cursor.take(16);
    const kind = cursor.number();
    cursor.numbers(2);
    cursor.take(1);
    if (cursor.number() === 1) cursor.take(4);
    return { numbered: kind === 1, cursor };
  }

  /** @param prefix bytes, as Latin-1, that all keys in it start with */
  private async node({ file, offset, length }: Place, height: number, prefix: string, isRoot: boolean): Promise<void> {
    const source = await this.file(file.path);
    const cursor = await this.opened(
      partOf(source, isRoot ? 'root' : 'node', offset, length),
      0,
      length,
      NODE_MAGIC,
      'a node of the database',
    );
    if (++this.nodes > MOST_NODES) throw cursor.error(`the database has more than ${MOST_NODES} nodes.`);
    if (cursor.take(1)[0] !== height) throw cursor.error('the node is not of the height that the one above it says.');
    const files = dataFiles(cursor, file.base);
    const count = cursor.count();
    if (count === 0) throw cursor.error('the node is empty.');
    const shared = [0, ...cursor.numbers(count - 1)];
    const own = cursor.numbers(count);
    if (height === 0) await this.leaf(cursor, prefix, files, shared, own);
    else {
      const common = cursor.numbers(count);
      const keys = this.keys(cursor, shared, own);
      const [ids, offsets, lengths] = [cursor.numbers(count), cursor.numbers(count), cursor.numbers(count)];
      for (const [i, key] of keys.entries()) {
        if (common[i]! > key.length) throw cursor.error('a key is shorter than what its subtree shares.');
        const place = { file: fileAt(files, ids[i]!, cursor), offset: offsets[i]!, length: lengths[i]! };
        await this.node(place, height - 1, prefix + key.slice(0, common[i]), false);
      }
    }
  }

  private async leaf(cursor: Cursor, prefix: string, files: readonly DataFile[], shared: number[], own: number[]): Promise<void> {
    const count = own.length;
    if (this.values.size + count > MOST_VALUES)
      throw cursor.error(`the database has more than the ${MOST_VALUES} keys that are read at most.`);
    const keys = this.keys(cursor, shared, own).map((key) => Buffer.from(prefix + key, 'latin1').toString());
    this.spend(cursor, count * prefix.length);
    const lengths = cursor.numbers(count);
    const kinds = cursor.numbers(count);
    if (kinds.some((kind) => kind > 1)) throw cursor.error('a value is neither inline nor in a data file.');
    const indirect = kinds.filter((kind) => kind === 1).length;
    const [ids, offsets] = [cursor.numbers(indirect), cursor.numbers(indirect)];
    let next = 0;
    for (const [i, key] of keys.entries()) {
      if (kinds[i] === 0) {
        this.spend(cursor, lengths[i]!);
        const value = cursor.take(lengths[i]!).slice();
        this.values.set(
          key,
          wholeSource(`${cursor.path} (${key})`, value.length, async () => value),
        );
      } else {
        const file = await this.file(fileAt(files, ids[next]!, cursor).path);
        this.values.set(key, partOf(file, key, offsets[next]!, lengths[i]!));
        next++;
      }
    }
  }

  /** Keys, whose first bytes are those of the key before, as Latin-1. */
  private keys(cursor: Cursor, shared: readonly number[], own: readonly number[]): string[] {
    let before = '';
    return own.map((length, i) => {
      if (shared[i]! > before.length) throw cursor.error('a key is shorter than what the next one shares with it.');
      this.spend(cursor, shared[i]! + length);
      before = before.slice(0, shared[i]) + Buffer.from(cursor.take(length)).toString('latin1');
      return before;
    });
  }

  private async file(path: string): Promise<ByteSource> {
    const known = this.files.get(path);
    if (known !== undefined) return known;
    if (this.files.size === MOST_FILES) throw new FormatError(this.folder, null, `the database has more than ${MOST_FILES} data files.`);
    const source = await this.pool.shard(join(this.folder, path));
    this.files.set(path, source);
    return source;
  }

  private spend(cursor: Cursor, bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > MOST_TREE_BYTES) throw cursor.error(`the tree of the database takes more than ${MOST_TREE_BYTES} bytes.`);
  }

  /** What is inside the envelope that manifests and nodes have: magic, length, version, compression, content, checksum. */
  private async opened(source: ByteSource, offset: number, length: number, magic: number, what: string): Promise<Cursor> {
    const { path } = source;
    const error = (detail: string): FormatError => new FormatError(path, null, detail);
    if (length > MOST_NODE_BYTES) throw error(`${what} of ${length} bytes is larger than the ${MOST_NODE_BYTES} that are read.`);
    if (length < 18) throw error(`${what} was expected, but there are only ${length} bytes.`);
    const bytes = new Uint8Array(length);
    await source.read(offset, bytes);
    const view = new DataView(bytes.buffer);
    if (view.getUint32(0) !== magic) throw error(`${what} was expected here.`);
    if (view.getBigUint64(4, true) !== BigInt(length))
      throw error(`${what} says ${view.getBigUint64(4, true)} bytes, but there are ${length}.`);
    if (crc32c(bytes.subarray(0, -4)) !== view.getUint32(length - 4, true))
      throw error(`${what} is damaged: its checksum (CRC-32C) differs.`);
    const head = new Cursor(bytes.subarray(12, -4), path);
    const version = head.number();
    const compression = head.number();
    if (version !== 0) throw error(`${what} is of version ${version}; only version 0 is known.`);
    if (compression > 1) throw error(`${what} is compressed with method ${compression}; only zstd is known.`);
    const content = compression === 0 ? head.rest() : this.inflated(head.rest(), path, what);
    const cursor = new Cursor(content, path);
    this.spend(cursor, length + content.length);
    return cursor;
  }

  private inflated(content: Uint8Array, path: string, what: string): Uint8Array {
    try {
      return this.unzstd(content, MOST_NODE_BYTES);
    } catch (error) {
      if (!(error instanceof DecompressionError)) throw error;
      throw new FormatError(path, null, `${what} cannot be decompressed: ${error.message}.`);
    }
  }
}

/** The data files that a node names. */
function dataFiles(cursor: Cursor, transitive: string): DataFile[] {
  const count = cursor.count();
  if (count > MOST_FILES) throw cursor.error(`it names more than ${MOST_FILES} data files.`);
  const shared = count === 0 ? [] : [0, ...cursor.numbers(count - 1)];
  const [own, bases] = [cursor.numbers(count), cursor.numbers(count)];
  let before = new Uint8Array(0);
  return own.map((length, i) => {
    if (shared[i]! > before.length || shared[i]! + length > 65_535 || bases[i]! > shared[i]! + length)
      throw cursor.error('the path of a data file has impossible lengths.');
    before = Buffer.concat([before.subarray(0, shared[i]), cursor.take(length)]);
    const text = (bytes: Uint8Array): string => transitive + new TextDecoder().decode(bytes);
    const path = text(before);
    if (!staysInside(path))
      throw cursor.error(`a data file should lie in the database's folder, not at ${JSON.stringify(path.slice(0, 200))}.`);
    return { path, base: text(before.subarray(0, bases[i])) };
  });
}

function staysInside(path: string): boolean {
  return path.length <= 65_535 && !/[\0\\:]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function fileAt(files: readonly DataFile[], id: number, cursor: Cursor): DataFile {
  const file = files[id];
  if (file === undefined) throw cursor.error(`data file ${id} is not among the ${files.length} that it names.`);
  return file;
}

/** Reads numbers and bytes one after the other. */
class Cursor {
  private at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    readonly path: string,
  ) {}

  error(detail: string): FormatError {
    return new FormatError(this.path, null, detail);
  }

  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw this.error('it ends too soon, or its counts are wrong.');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  rest(): Uint8Array {
    return this.bytes.subarray(this.at);
  }

  /** Unsigned LEB128 of 64 bits; beyond 2^53 the nearest number. */
  number(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.take(1)[0]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw this.error('a number in it has more than 64 bits.');
  }

  numbers(count: number): number[] {
    return Array.from({ length: count }, () => this.number());
  }

  /** Of things that take a byte at least. */
  count(): number {
    const count = this.number();
    if (count > this.bytes.length - this.at) throw this.error('it ends too soon, or its counts are wrong.');
    return count;
  }
}
