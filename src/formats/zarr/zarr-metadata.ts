import { FormatError } from '../format-error';
import { parseBoundedJson } from '../json/bounded-json';
import { BYTES_PER_ELEMENT, type ByteOrder, decoder, type ElementType } from '../matrices/elements';
import { contiguousStrides } from '../matrices/flatten';
import { isRecord } from '../safetensors/safetensors-header';
import { type ByteCodec, MOST_CHUNK_BYTES, whyUnreadable } from './zarr-codecs';

/** How the elements of a chunk lie, and how its bytes are encoded. */
export interface ChunkEncoding {
  readonly order: ByteOrder;
  /** In elements, one per axis. */
  readonly strides: readonly number[];
  readonly codecs: readonly ByteCodec[];
}

/** An array whose chunks can be read. */
export interface ChunkedArray {
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Of chunks that are not stored. */
  readonly fill: number;
  /** Elements of a chunk along each axis; of a sharded array those of a shard's inner chunk. */
  readonly chunk: readonly number[];
  readonly encoding: ChunkEncoding;
  /** Elements of a stored value along each axis: of a chunk, or of a shard. */
  readonly stored: readonly number[];
  /** Null where each chunk is a value by itself. */
  readonly shard: { readonly codecs: readonly ByteCodec[]; readonly order: ByteOrder; readonly atEnd: boolean } | null;
  /** Key of a stored value by its index along each axis, after the array's own. */
  readonly keyOf: (index: readonly number[]) => string;
}

export interface ArrayDescription {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Or why it cannot be read, as a sentence. */
  readonly array: ChunkedArray | string;
}

export const MOST_METADATA_BYTES = 2 ** 22;
const MOST_AXES = 32;
/** Of 16 bytes each. */
const MOST_INNER_CHUNKS = 2 ** 20;

/** `.zarray`, https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html */
export function describeV2(text: Uint8Array, path: string): ArrayDescription {
  const json = objectIn(text, path);
  if (json.zarr_format !== 2) throw damaged(path, 'zarr_format', json.zarr_format);
  const shape = shapeOf(json.shape, path);
  const chunk = chunksOf(json.chunks, shape, path);
  const { dtype, type, order } = typeOfV2(json.dtype);
  const separator = json.dimension_separator ?? '.';
  if (separator !== '.' && separator !== '/') throw damaged(path, 'dimension_separator', separator);
  if (json.order !== 'C' && json.order !== 'F') throw damaged(path, 'order', json.order);
  const given = [...(Array.isArray(json.filters) ? json.filters : []), ...(json.compressor == null ? [] : [json.compressor])];
  if (type === null) return { dtype, shape, array: `Elements of type ${dtype} cannot be read.` };
  const codecs = given.map((codec) => codecOf(codec, 'id', type, path));
  const encoding = { order, strides: contiguousStrides(chunk, json.order), codecs };
  const fill = fillOf(json.fill_value ?? 0, type);
  const keyOf = (index: readonly number[]): string => index.join(separator) || '0';
  return { dtype, shape, array: readable({ shape, type, fill, chunk, encoding, stored: chunk, shard: null, keyOf }) };
}

/** `zarr.json` of an array, https://zarr-specs.readthedocs.io/en/latest/v3/core/; null for a group. */
export function describeV3(text: Uint8Array, path: string): ArrayDescription | null {
  const json = objectIn(text, path);
  if (json.zarr_format !== 3) throw damaged(path, 'zarr_format', json.zarr_format);
  if (json.node_type === 'group') return null;
  if (json.node_type !== 'array') throw damaged(path, 'node_type', json.node_type);
  const shape = shapeOf(json.shape, path);
  const dtype = typeof json.data_type === 'string' ? json.data_type : String(named(json.data_type)?.name ?? 'unknown');
  const grid = named(json.chunk_grid);
  if (grid?.name !== 'regular') return { dtype, shape, array: 'Its chunks are not all of one shape.' };
  const stored = chunksOf(grid.configuration.chunk_shape, shape, path);
  if (!isElementType(dtype)) return { dtype, shape, array: `Elements of type ${dtype} cannot be read.` };
  const keyOf = keysOfV3(json.chunk_key_encoding, path);
  const codecs = namedCodecs(json.codecs, path);
  const sharding = codecs.length === 1 && codecs[0]!.name === 'sharding_indexed' ? codecs[0]!.configuration : null;
  const fill = fillOf(json.fill_value, dtype);
  if (sharding === null) {
    const encoding = encodingOf(codecs, stored, dtype, path);
    return {
      dtype,
      shape,
      array:
        typeof encoding === 'string'
          ? encoding
          : readable({ shape, type: dtype, fill, chunk: stored, encoding, stored, shard: null, keyOf }),
    };
  }
  const chunk = chunksOf(sharding.chunk_shape, shape, path);
  if (stored.some((size, k) => size % chunk[k]! !== 0)) throw damaged(path, 'chunk_shape of sharding_indexed', sharding.chunk_shape);
  if (product(stored.map((size, k) => size / chunk[k]!)) > MOST_INNER_CHUNKS)
    return { dtype, shape, array: `Its shards hold more than the ${MOST_INNER_CHUNKS} chunks that are read.` };
  const encoding = encodingOf(namedCodecs(sharding.codecs, path), chunk, dtype, path);
  const index = encodingOf(namedCodecs(sharding.index_codecs, path), [], 'uint64', path);
  if (typeof encoding === 'string') return { dtype, shape, array: encoding };
  if (typeof index === 'string' || index.codecs.some(({ name }) => name !== 'crc32c'))
    return { dtype, shape, array: 'The index of its shards is compressed, which is not read.' };
  const location = sharding.index_location ?? 'end';
  if (location !== 'start' && location !== 'end') throw damaged(path, 'index_location', location);
  const shard = { codecs: index.codecs, order: index.order, atEnd: location === 'end' };
  return { dtype, shape, array: readable({ shape, type: dtype, fill, chunk, encoding, stored, shard, keyOf }) };
}

function readable(array: ChunkedArray): ChunkedArray | string {
  const why = whyUnreadable(array.encoding.codecs);
  if (why !== null) return `Its chunks ${why}`;
  if (product(array.chunk) * BYTES_PER_ELEMENT[array.type] <= MOST_CHUNK_BYTES || isStreamed(array)) return array;
  return `Its chunks have more than the ${MOST_CHUNK_BYTES / 2 ** 20} MiB that are read where they are encoded as these are.`;
}

/** Whether a chunk, of any size, can be read from its start to its end. */
function isStreamed({ chunk, encoding: { codecs, strides } }: ChunkedArray): boolean {
  const inOrder = contiguousStrides(chunk, 'C');
  return (
    codecs.length <= 1 &&
    codecs.every(({ name }) => /^(?:gzip|zlib|zstd)$/.test(name)) &&
    strides.every((stride, k) => stride === inOrder[k])
  );
}

function objectIn(text: Uint8Array, path: string): Record<string, unknown> {
  const json = parseBoundedJson(text, path, 'the description of an array', 0);
  if (!isRecord(json)) throw new FormatError(path, 0, 'an object that describes an array or a group was expected.');
  return json;
}

function damaged(path: string, field: string, value: unknown): FormatError {
  const text = JSON.stringify(value ?? null);
  return new FormatError(path, null, `its ${field} cannot be ${text.length > 100 ? `${text.slice(0, 100)}...` : text}.`);
}

function shapeOf(value: unknown, path: string): number[] {
  const sound = Array.isArray(value) && value.length <= MOST_AXES && value.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!sound) throw damaged(path, 'shape', value);
  return value;
}

function chunksOf(value: unknown, shape: readonly number[], path: string): number[] {
  const sound = Array.isArray(value) && value.length === shape.length && value.every((n) => Number.isSafeInteger(n) && n >= 1);
  if (!sound) throw damaged(path, 'shape of chunks', value);
  return value;
}

function isElementType(name: string): name is ElementType {
  return Object.hasOwn(BYTES_PER_ELEMENT, name);
}

const V2_TYPES: Readonly<Record<string, ElementType>> = {
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

/** As NumPy writes it, `<f4`, or by the name in ml_dtypes, as TensorStore does. */
function typeOfV2(value: unknown): { dtype: string; type: ElementType | null; order: ByteOrder } {
  if (typeof value !== 'string') return { dtype: 'structured', type: null, order: 'little' };
  if (isElementType(value)) return { dtype: value, type: value, order: 'little' };
  const type = /^[<>|]/.test(value) ? V2_TYPES[value.slice(1)] : undefined;
  return { dtype: type ?? value, type: type ?? null, order: value.startsWith('>') ? 'big' : 'little' };
}

interface Named {
  readonly name: string;
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** An extension point of version 3: a name, or a name and what configures it. */
function named(value: unknown): Named | null {
  if (typeof value === 'string') return { name: value, configuration: {} };
  if (!isRecord(value) || typeof value.name !== 'string') return null;
  return { name: value.name, configuration: isRecord(value.configuration) ? value.configuration : {} };
}

function namedCodecs(value: unknown, path: string): Named[] {
  const codecs = Array.isArray(value) ? value.map(named) : [null];
  if (codecs.length === 0 || codecs.includes(null)) throw damaged(path, 'codecs', value);
  return codecs as Named[];
}

/** Of version 3: at most transpositions, then `bytes`, then what encodes bytes. A sentence where it cannot be read. */
function encodingOf(codecs: readonly Named[], chunk: readonly number[], type: ElementType, path: string): ChunkEncoding | string {
  const at = codecs.findIndex(({ name }) => name === 'bytes' || name === 'endian');
  const odd = codecs.find(({ name }, k) => (at < 0 || k < at) && name !== 'transpose');
  if (odd !== undefined) return `Its chunks are encoded with ${JSON.stringify(odd.name)}, which is not read.`;
  if (at < 0) throw damaged(path, 'codecs', codecs);
  // Axis `axes[k]` of the array is axis k of what is stored.
  let axes = chunk.map((_, axis) => axis);
  for (const { configuration } of codecs.slice(0, at)) axes = transposed(axes, configuration.order, path);
  const inOrder = contiguousStrides(
    axes.map((axis) => chunk[axis]!),
    'C',
  );
  const strides = chunk.map((_, axis) => inOrder[axes.indexOf(axis)]!);
  const endian = codecs[at]!.configuration.endian ?? 'little';
  if (endian !== 'little' && endian !== 'big') throw damaged(path, 'endian', endian);
  const after = codecs.slice(at + 1).map(({ name, configuration }) => codecOf({ ...configuration, id: name }, 'id', type, path));
  return { order: endian, strides, codecs: after };
}

function transposed(axes: readonly number[], order: unknown, path: string): number[] {
  if (order === 'C') return [...axes];
  if (order === 'F') return axes.toReversed();
  const sound = Array.isArray(order) && order.length === axes.length && axes.every((_, k) => order.includes(k));
  if (!sound) throw damaged(path, 'order of transpose', order);
  return order.map((k) => axes[k]!);
}

function codecOf(value: unknown, key: string, type: ElementType, path: string): ByteCodec {
  const name = isRecord(value) ? value[key] : null;
  if (!isRecord(value) || typeof name !== 'string') throw damaged(path, 'codec', value);
  const elementBytes = value.elementsize ?? BYTES_PER_ELEMENT[type];
  if (!(Number.isSafeInteger(elementBytes) && (elementBytes as number) >= 1)) throw damaged(path, 'elementsize', elementBytes);
  return { name: name.replace(/^numcodecs\./, ''), elementBytes: elementBytes as number };
}

function keysOfV3(value: unknown, path: string): ChunkedArray['keyOf'] {
  const encoding = named(value);
  const separator = encoding?.configuration.separator ?? (encoding?.name === 'v2' ? '.' : '/');
  if (separator !== '.' && separator !== '/') throw damaged(path, 'separator', separator);
  if (encoding?.name === 'v2') return (index) => index.join(separator) || '0';
  if (encoding?.name !== 'default') throw damaged(path, 'chunk_key_encoding', value);
  return (index) => ['c', ...index].join(separator);
}

/** A number, a name such as `NaN`, or the bits as hexadecimal digits; 0 for anything else, as for null, which leaves it open. */
function fillOf(value: unknown, type: ElementType): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') return 0;
  if (/^(?:NaN|-?Infinity)$/.test(value)) return Number(value);
  const size = BYTES_PER_ELEMENT[type];
  if (!new RegExp(`^0x[0-9a-fA-F]{${2 * size}}$`).test(value)) return 0;
  const bits = new Uint8Array(Buffer.from(value.slice(2), 'hex').toReversed());
  const into = new Float64Array(1);
  decoder(type, 'little')(bits, 0, 1, into, 0, 1, 1);
  return into[0]!;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
