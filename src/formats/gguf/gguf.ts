import { basename, dirname, join } from 'node:path';
import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import { ShardPool } from '../bytes/shard-pool';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { codedMatrix } from '../matrices/coded-matrix';
import type { ByteOrder } from '../matrices/elements';
import { contiguousStrides } from '../matrices/flatten';
import type { TensorFile } from '../matrix-source';
import { modelFile } from '../weights/model-file';
import type { OpenMatrix, StoredModel, StoredTensor } from '../weights/stored-tensors';
import { GGML_TYPES, type GgmlType } from './ggml-blocks';
import { type GgufTensor, MAX_TENSORS, readGgufHeader } from './gguf-header';

/** Models of llama.cpp and its like: one file, or one model in several, known by its first. */
export const gguf: Reader = {
  async open(path, openBytes) {
    const part = partOf(path);
    return part === null || part.number !== 1 ? openParts(path, [path], openBytes, part) : openParts(path, part.all, openBytes, part);
  },
};

/** `<model>-00002-of-00003.gguf`, with five digits, the first of which is 1. */
const PART = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i;
/** Far above any model; each part is a file to open. */
const MAX_PARTS = 10_000;

interface Part {
  readonly number: number;
  /** Paths of all parts of the model. */
  readonly all: readonly string[];
}

/** Null for a model in one file. */
function partOf(path: string): Part | null {
  const match = PART.exec(basename(path));
  const [number, total] = [Number(match?.[2]), Number(match?.[3])];
  if (match === null || total < 2 || number < 1 || number > total || total > MAX_PARTS) return null;
  const name = (k: number) => `${match[1]}-${String(k).padStart(5, '0')}-of-${match[3]}${match[4]}`;
  return { number, all: Array.from({ length: total }, (_, k) => join(dirname(path), name(k + 1))) };
}

async function openParts(path: string, paths: readonly string[], openBytes: OpenBytes, part: Part | null): Promise<TensorFile> {
  const pool = new ShardPool(openBytes);
  let model: StoredModel;
  try {
    const sources: ByteSource[] = [];
    for (const each of paths) sources.push(await openPart(path, each, pool));
    const tensors: StoredTensor[] = [];
    const names = new Set<string>();
    for (const source of sources) {
      const header = await readGgufHeader(source);
      for (const tensor of header.tensors) {
        const { name } = tensor;
        if (names.has(name)) throw new FormatError(source.path, null, `two tensors of the model are named ${JSON.stringify(name)}.`);
        if (names.size === MAX_TENSORS)
          throw new FormatError(source.path, null, `the model has more than the ${MAX_TENSORS} tensors that are read.`);
        names.add(name);
        tensors.push(stored(tensor, source, header.order));
      }
    }
    const alone = part !== null && paths.length === 1;
    model = {
      bytes: sources.reduce((sum, { size }) => sum + size, 0),
      tensors,
      warnings: alone ? [`${path} is part ${part.number} of ${part.all.length} of a model; the first part opens them all.`] : [],
      fingerprint: sources.map((source) => `${source.path} ${source.fingerprint}`),
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
  return modelFile(path, 'gguf', model, openBytes);
}

async function openPart(path: string, part: string, pool: ShardPool): Promise<ByteSource> {
  try {
    return await pool.shard(part);
  } catch (error) {
    if (!(error instanceof FormatError) || part === path) throw error;
    throw new FormatError(path, null, `part ${JSON.stringify(basename(part))} of the model cannot be opened: ${error.detail}`);
  }
}

function stored({ name, type, shape, start, end }: GgufTensor, source: ByteSource, order: ByteOrder): StoredTensor {
  const layout = GGML_TYPES.get(type);
  const dtype = layout?.dtype ?? `ggml type ${type}`;
  const described = { name, dtype, shape, bytes: end - start };
  const content = layout?.content ?? null;
  if (layout === undefined || content === null) {
    return { ...described, layout: null, note: `Elements of ${dtype} cannot be read yet.` };
  }
  if (typeof content === 'string') {
    return { ...described, layout: { source, offset: start, type: content, order, strides: contiguousStrides(shape, 'C') }, note: null };
  }
  if (order === 'big' && layout.halves === null) {
    return { ...described, layout: null, note: `Elements of ${dtype} in big-endian order cannot be read yet.` };
  }
  return { ...described, layout: blockRows(layout, source, start, order), note: null };
}

/** Rows are whole blocks, however the axes before the last are merged. */
function blockRows(
  { content, blockElements, blockBytes, halves }: GgmlType,
  source: ByteSource,
  offset: number,
  order: ByteOrder,
): OpenMatrix {
  if (typeof content !== 'function') throw new Error('Blocks have a decoder.');
  return (rows, columns) => {
    const blocksPerRow = columns / blockElements;
    const unitBytes = blocksPerRow * blockBytes;
    return codedMatrix({
      rows,
      columns,
      rowsPerUnit: 1,
      parts: [{ source, offset, unitBytes }],
      async prepare() {
        return ([bytes], start, first, count, into, at) => {
          const from = (first - start) * unitBytes;
          const blocks = count * blocksPerRow;
          if (order === 'little') content(bytes!, from, blocks, into, at);
          else content(swapped(bytes!.subarray(from, from + count * unitBytes), blockBytes, halves!), 0, blocks, into, at);
        };
      },
    });
  };
}

/** A copy of blocks with the two bytes of each of their 16-bit fields exchanged. */
function swapped(blocks: Uint8Array, blockBytes: number, halves: readonly number[]): Uint8Array {
  const copy = blocks.slice();
  for (let block = 0; block < copy.length; block += blockBytes) {
    for (const half of halves) [copy[block + half], copy[block + half + 1]] = [copy[block + half + 1]!, copy[block + half]!];
  }
  return copy;
}
