import { basename, dirname, join } from 'node:path';
import { type ByteSource, type OpenBytes, partOf } from '../bytes/byte-source';
import { ShardPool } from '../bytes/shard-pool';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, type ElementType } from '../matrices/elements';
import { flatten, matrixStrides } from '../matrices/flatten';
import { fillsInBands, type Piece, piecedMatrix } from '../matrices/pieced-matrix';
import { stridedMatrix } from '../matrices/strided-matrix';
import type { MatrixSource } from '../matrix-source';
import { modelFile } from '../weights/model-file';
import { isFileName } from '../weights/shard-index';
import type { StoredModel, StoredTensor } from '../weights/stored-tensors';
import { MAX_PICKLE_BYTES, PickleCall, PickleDict, PickleGlobal, PickleList, type PickleValue, unpickle } from './pickle';
import { readTorch } from './torch';
import { isCount } from './torch-storage';
import { sizes } from './torch-tensors';

const PLAN = '.metadata';
/** Far above any run; each shard is a file to open. */
const MAX_SHARDS = 10_000;

/**
 * Checkpoints of `torch.distributed.checkpoint`: a folder of `__R_N.distcp` and `.metadata`, a pickle that says which chunk of which tensor
 * lies where. It is read as data; each chunk is a file of `torch.save` inside a shard, opened when its first row is read.
 *
 * Layout as in PyTorch, `torch/distributed/checkpoint/metadata.py` and `filesystem.py`.
 */
export const dcp: Reader = {
  async open(path, openBytes) {
    const folder = basename(path) === PLAN || /\.distcp$/i.test(path) ? dirname(path) : path;
    return modelFile(path, 'dcp', await openFolder(folder, openBytes), openBytes);
  },
};

interface Chunk {
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
}

interface Planned {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly chunks: readonly Chunk[];
}

/** Where a chunk lies. */
interface Place {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

async function openFolder(folder: string, openBytes: OpenBytes): Promise<StoredModel> {
  const plan = await readPlan(join(folder, PLAN), openBytes);
  const pool = new ShardPool(openBytes);
  try {
    const files = new Map<string, ByteSource>();
    for (const { file } of plan.places.values()) {
      if (files.has(file)) continue;
      if (files.size === MAX_SHARDS) throw new FormatError(plan.path, null, `it names more files than the ${MAX_SHARDS} expected at most.`);
      files.set(file, await pool.shard(join(folder, file)));
    }
    const partAt = (name: string, chunk: Chunk): ByteSource => {
      const place = plan.places.get(keyOf(name, chunk.offsets));
      if (place === undefined)
        throw new FormatError(plan.path, null, `it does not say where the chunk of ${JSON.stringify(name)} at ${chunk.offsets} lies.`);
      return partOf(files.get(place.file)!, `chunk of ${name}`, place.offset, place.length);
    };
    const sources = [...files.values()];
    return {
      bytes: sources.reduce((sum, { size }) => sum + size, plan.bytes),
      tensors: plan.tensors.map((tensor) => stored(tensor, (chunk) => partAt(tensor.name, chunk), plan.path)),
      warnings: [],
      fingerprint: [plan.fingerprint, ...sources.map(({ path, fingerprint }) => `${path} ${fingerprint}`)],
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

interface Plan {
  readonly path: string;
  readonly bytes: number;
  readonly fingerprint: string;
  readonly tensors: readonly Planned[];
  /** By {@link keyOf}. */
  readonly places: ReadonlyMap<string, Place>;
}

function keyOf(name: string, offsets: readonly number[]): string {
  return JSON.stringify([name, offsets]);
}

async function readPlan(path: string, openBytes: OpenBytes): Promise<Plan> {
  const source = await openBytes(path);
  try {
    if (source.size > MAX_PICKLE_BYTES) throw new FormatError(path, null, `a plan of ${source.size} bytes is larger than any model needs.`);
    const bytes = new Uint8Array(source.size);
    await source.read(0, bytes);
    const { value } = unpickle(bytes, path, 0);
    const [described, data] = [fieldOf(value, 'state_dict_metadata'), fieldOf(value, 'storage_data')];
    if (!(described instanceof PickleDict && data instanceof PickleDict))
      throw new FormatError(path, null, 'the plan of a distributed checkpoint, with the state_dict and where it lies, was expected here.');
    const tensors = [...described.entries()].flatMap(([name, tensor]) => plannedOf(name, tensor, path) ?? []);
    const places = new Map([...data.entries()].flatMap(([index, info]) => placeOf(index, info, path)));
    return { path, bytes: source.size, fingerprint: `${path} ${source.fingerprint}`, tensors, places };
  } finally {
    await source.close();
  }
}

/** A field of an object, as its class keeps it. */
function fieldOf(object: PickleValue | undefined, name: string): PickleValue | undefined {
  return object instanceof PickleCall && object.state instanceof PickleDict ? object.state.get(name) : undefined;
}

/** Null for what is no tensor, such as a step count. */
function plannedOf(name: PickleValue, tensor: PickleValue, path: string): Planned | null {
  const properties = fieldOf(tensor, 'properties');
  if (properties === undefined) return null;
  const state = properties instanceof PickleCall ? properties.state : null;
  const dtype = Array.isArray(state) ? state[0] : state instanceof PickleDict ? state.get('dtype') : null;
  const shape = sizes(fieldOf(tensor, 'size'));
  const list = fieldOf(tensor, 'chunks');
  const chunks = list instanceof PickleList ? list.items.map(chunkOf) : [];
  const sound = typeof name === 'string' && dtype instanceof PickleGlobal && shape !== null && chunks.length > 0;
  if (!sound || !chunks.every((chunk) => chunk !== null && within(chunk, shape)))
    throw new FormatError(path, null, `the plan of ${JSON.stringify(typeof name === 'string' ? name : '...')} is damaged.`);
  return { name, dtype: dtype.name, shape, chunks: chunks as Chunk[] };
}

function chunkOf(value: PickleValue): Chunk | null {
  const [offsets, size] = [sizes(fieldOf(value, 'offsets')), sizes(fieldOf(value, 'sizes'))];
  return offsets === null || size === null ? null : { offsets, sizes: size };
}

function within({ offsets, sizes }: Chunk, shape: readonly number[]): boolean {
  return offsets.length === shape.length && sizes.length === shape.length && shape.every((n, k) => offsets[k]! + sizes[k]! <= n);
}

/** Nothing for what is no tensor. */
function placeOf(index: PickleValue, info: PickleValue, path: string): [string, Place][] {
  const name = fieldOf(index, 'fqn');
  const offsets = sizes(fieldOf(index, 'offset'));
  if (typeof name !== 'string' || offsets === null) return [];
  const [file, offset, length] = ['relative_path', 'offset', 'length'].map((field) => fieldOf(info, field));
  if (typeof file !== 'string' || !isFileName(file))
    throw new FormatError(path, null, `${JSON.stringify(name)} should lie in a file beside it, not in ${JSON.stringify(file ?? null)}.`);
  if (!isCount(offset) || !isCount(length)) throw new FormatError(path, null, `the place of ${JSON.stringify(name)} is damaged.`);
  return [[keyOf(name, offsets), { file, offset, length }]];
}

function stored({ name, dtype, shape, chunks }: Planned, partOf: (chunk: Chunk) => ByteSource, path: string): StoredTensor {
  if (!Object.hasOwn(BYTES_PER_ELEMENT, dtype))
    return { name, dtype, shape, bytes: 0, layout: null, note: `Elements of type ${dtype} cannot be read yet.` };
  const bytes = shape.reduce((product, n) => product * n, BYTES_PER_ELEMENT[dtype as ElementType]);
  // Ranks to which nothing fell have empty chunks.
  const whole = chunks.flatMap((chunk) => (chunk.sizes.includes(0) ? [] : [{ chunk, source: partOf(chunk) }]));
  const piecesOf = (rows: number, columns: number): Piece[] =>
    whole.map(({ chunk, source }) => {
      const area = areaOf(chunk, shape, rows, columns);
      return { ...area, open: () => openChunk(source, chunk, dtype, area) };
    });
  const { matrix } = flatten(name, shape);
  const fits = shape.length < 3 || whole.every(({ chunk }) => shape.every((n, axis) => axis === 0 || chunk.sizes[axis] === n));
  if (matrix !== null && !(fits && fillsInBands(piecesOf(matrix.rows, matrix.columns), matrix.rows, matrix.columns)))
    return { name, dtype, shape, bytes, layout: null, note: 'Its shards do not fill it, or not as rows and columns.' };
  const layout = (rows: number, columns: number): MatrixSource => {
    const pieces = piecesOf(rows, columns);
    if (!fillsInBands(pieces, rows, columns)) throw new FormatError(path, null, `the shards of ${JSON.stringify(name)} do not fill it.`);
    return piecedMatrix(pieces, rows, columns, path);
  };
  return { name, dtype, shape, bytes, layout, note: null };
}

/** The rows and columns of a chunk, where the tensor is a matrix of so many; of more than two axes only the first is cut. */
function areaOf({ offsets, sizes }: Chunk, shape: readonly number[], rows: number, columns: number): Omit<Piece, 'open'> {
  if (shape.length === 2) return { row: offsets[0]!, column: offsets[1]!, rows: sizes[0]!, columns: sizes[1]! };
  const perIndex = rows / shape[0]!;
  return { row: offsets[0]! * perIndex, column: 0, rows: sizes[0]! * perIndex, columns };
}

/** @throws FormatError when the chunk does not hold what the plan says */
async function openChunk(source: ByteSource, chunk: Chunk, dtype: string, area: Omit<Piece, 'open'>): Promise<MatrixSource> {
  const { tensors } = await readTorch(source);
  const [tensor] = tensors;
  if (tensors.length !== 1 || tensor!.dtype !== dtype || JSON.stringify(tensor!.shape) !== JSON.stringify(chunk.sizes))
    throw new FormatError(source.path, null, `one tensor of ${dtype} and shape (${chunk.sizes.join(', ')}) was expected here.`);
  const { layout, shape } = tensor!;
  const { rows, columns } = area;
  if (layout === null || typeof layout === 'function')
    throw new FormatError(source.path, null, tensor!.note ?? 'its elements cannot be read.');
  const rowAxes = shape.findIndex((_, axis) => shape.slice(0, axis + 1).reduce((a, b) => a * b, 1) === rows) + 1;
  const strides = matrixStrides(shape, layout.strides, rowAxes);
  if (strides === null) throw new FormatError(source.path, null, 'its axes do not lie evenly in memory.');
  return stridedMatrix(layout.source, { offset: layout.offset, type: layout.type, order: layout.order, rows, columns, ...strides });
}
