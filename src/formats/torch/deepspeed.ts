import { join } from 'node:path';
import { type ByteSource, type OpenBytes, partOf } from '../bytes/byte-source';
import { joinedBytes } from '../bytes/joined-bytes';
import { ShardPool } from '../bytes/shard-pool';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, type ElementType } from '../matrices/elements';
import { contiguousStrides } from '../matrices/flatten';
import { modelFile } from '../weights/model-file';
import type { StoredModel, StoredTensor } from '../weights/stored-tensors';
import { PickleCall, PickleDict, PickleList, type PickleValue } from './pickle';
import { readTorch, type TorchFile } from './torch';
import { sizes } from './torch-tensors';

/** The optimizer of one rank, which holds its share of the weights in float32. */
const ZERO_OPTIMIZER = /^(?:bf16_)?zero_pp_rank_(\d+)_mp_rank_(\d+)_optim_states\.pt$/;
/** Far above any run; each is a file to open. */
const MAX_RANKS = 10_000;
/** Parts of weights, of all ranks together. */
const MAX_PARTS = 2 ** 24;

/**
 * A folder that DeepSpeed saved with ZeRO: the weights in float32, gathered from the optimizer of every rank by the shapes in the model's
 * state. Stages 1 and 2 cut one long vector per group of parameters; stage 3 cuts every parameter.
 *
 * Layout as DeepSpeed's own `zero_to_fp32.py` reads it.
 */
export const deepspeed: Reader = {
  async open(path, openBytes, listFolder) {
    const names = (await listFolder?.(path)) ?? [];
    return modelFile(path, 'deepspeed', await openFolder(path, names, openBytes), openBytes);
  },
};

async function openFolder(folder: string, names: readonly string[], openBytes: OpenBytes): Promise<StoredModel> {
  const ranks = ranksOf(folder, names);
  const pool = new ShardPool(openBytes);
  try {
    const sources: ByteSource[] = [];
    const load = async (name: string): Promise<TorchFile> => {
      const source = await pool.shard(join(folder, name));
      sources.push(source);
      return readTorch(source);
    };
    const shards: TorchFile[] = [];
    for (const name of ranks) shards.push(await load(name));
    const stage = stageOf(folder, shards);
    const state = await load(stage === 3 ? 'zero_pp_rank_0_mp_rank_00_model_states.pt' : 'mp_rank_00_model_states.pt');
    const groups = shapesOf(folder, state);
    const vectors = shards.map((shard, rank) => vectorsOf(join(folder, ranks[rank]!), shard, stage));
    const trained = stage === 3 ? cutEach(folder, groups.flat(), vectors) : cutTogether(folder, groups, vectors);
    const frozen = frozenOf(state, stage);
    return {
      bytes: sources.reduce((sum, { size }) => sum + size, 0),
      tensors: [...trained, ...frozen.tensors],
      warnings: [...new Set([...shards, state].flatMap(({ warnings }) => warnings)), ...frozen.warnings],
      fingerprint: sources.map(({ path, fingerprint }) => `${path} ${fingerprint}`),
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** File names of the optimizers, by rank. */
function ranksOf(folder: string, names: readonly string[]): string[] {
  const found = names.flatMap((name) => {
    const match = ZERO_OPTIMIZER.exec(name);
    return match === null ? [] : [{ name, rank: Number(match[1]), slice: Number(match[2]) }];
  });
  if (found.some(({ slice }) => slice > 0))
    throw new FormatError(folder, null, 'its layers are cut over several GPUs (mp_rank_01), which cannot be put together yet.');
  if (found.length > MAX_RANKS) throw new FormatError(folder, null, `it has more than the ${MAX_RANKS} ranks expected at most.`);
  found.sort((a, b) => a.rank - b.rank);
  const gap = found.findIndex(({ rank }, k) => rank !== k);
  if (found.length === 0 || gap >= 0)
    throw new FormatError(folder, null, `the optimizer of rank ${Math.max(gap, 0)} (zero_pp_rank_*_optim_states.pt) is missing.`);
  return found.map(({ name }) => name);
}

function stageOf(folder: string, shards: readonly TorchFile[]): 1 | 2 | 3 {
  const optimizer = entryOf(shards[0]!.pickle, 'optimizer_state_dict');
  const stage = wholeNumber(entryOf(optimizer, 'zero_stage'));
  if (stage !== 1 && stage !== 2 && stage !== 3)
    throw new FormatError(folder, null, 'the stage of ZeRO (1, 2 or 3) was expected in its optimizers.');
  const counted = entryOf(optimizer, 'partition_count');
  const counts = (counted instanceof PickleList ? counted.items : [counted]).map(wholeNumber);
  const world = counts.includes(null) ? null : Math.max(...(counts as number[]));
  if (world !== shards.length)
    throw new FormatError(
      folder,
      null,
      `it was saved by ${world ?? 'an unknown number of'} ranks, but the optimizers of ${shards.length} are here.`,
    );
  return stage;
}

interface Shape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: number;
}

/** The parameters of each group, in the order in which they were flattened. */
function shapesOf(folder: string, state: TorchFile): Shape[][] {
  const listed = entryOf(state.pickle, 'param_shapes');
  const groups = listed instanceof PickleList ? listed.items : [listed];
  return groups.map((group) =>
    entriesOf(group).map(([name, size]) => {
      const shape = sizes(size);
      const elements = shape?.reduce((a, b) => a * b, 1);
      if (typeof name !== 'string' || shape === null || !Number.isSafeInteger(elements))
        throw new FormatError(folder, null, 'the shapes of the parameters (param_shapes) in its model states are damaged.');
      return { name, shape, elements: elements! };
    }),
  );
}

/** The numbers of one rank, for one group of parameters. */
interface Vector {
  readonly bytes: ByteSource;
  readonly type: ElementType;
  readonly elements: number;
}

function vectorsOf(path: string, { tensors }: TorchFile, stage: 1 | 2 | 3): Vector[] {
  const prefix = `optimizer_state_dict.${stage === 3 ? 'fp32_flat_groups' : 'single_partition_of_fp32_groups'}.`;
  const own = tensors.filter(({ name }) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)));
  if (own.length === 0) throw new FormatError(path, null, `the weights in float32 (${prefix.slice(0, -1)}) were expected in it.`);
  return own.map(({ name, shape, layout }) => {
    const whole = layout !== null && typeof layout !== 'function' && layout.order === 'little' && shape.length === 1;
    if (!whole || (layout.strides[0] !== 1 && shape[0]! > 1)) throw new FormatError(path, null, `${name} should be one vector of numbers.`);
    const [elements] = shape as [number];
    return { bytes: partOf(layout.source, name, layout.offset, elements * BYTES_PER_ELEMENT[layout.type]), type: layout.type, elements };
  });
}

/** Stages 1 and 2: the parameters of a group follow one another in the vectors of all ranks joined, with padding at the end only. */
function cutTogether(folder: string, groups: readonly (readonly Shape[])[], vectors: readonly (readonly Vector[])[]): StoredTensor[] {
  if (vectors.some((own) => own.length !== groups.length))
    throw new FormatError(
      folder,
      null,
      `it has shapes of ${groups.length} groups of parameters, but not a vector of each from every rank.`,
    );
  return groups.flatMap((shapes, group) => {
    const joined = joinedVectors(
      vectors.map((own) => own[group]!),
      folder,
    );
    const align = 2 * vectors.length;
    const wanted = shapes.reduce((sum, { elements }) => sum + elements, 0);
    if (Math.ceil(wanted / align) !== Math.ceil(joined.elements / align))
      throw new FormatError(folder, null, `its parameters have ${wanted} numbers together, but the ranks hold ${joined.elements}.`);
    let at = 0;
    return shapes.map((shape) => {
      at += shape.elements;
      return gathered(shape, joined.bytes, at - shape.elements, joined.type);
    });
  });
}

/** Stage 3: a parameter is cut evenly over the ranks, padded at its end; the shares of a rank follow one another. */
function cutEach(folder: string, shapes: readonly Shape[], vectors: readonly (readonly Vector[])[]): StoredTensor[] {
  if (shapes.length * vectors.length > MAX_PARTS) throw new FormatError(folder, null, 'it has more parameters and ranks than any model.');
  const ranks = vectors.map((own) => joinedVectors(own, folder));
  const shares = shapes.map(({ elements }) => Math.ceil(elements / ranks.length));
  const wanted = shares.reduce((a, b) => a + b, 0);
  const short = ranks.find(({ elements, type }) => elements < wanted || type !== ranks[0]!.type);
  if (short !== undefined)
    throw new FormatError(folder, null, `the share of each rank has ${wanted} numbers, but one holds ${short.elements} of ${short.type}.`);
  const { type } = ranks[0]!;
  const size = BYTES_PER_ELEMENT[type];
  let at = 0;
  return shapes.map((shape, k) => {
    const share = shares[k]!;
    const parts = ranks.map(({ bytes }) => partOf(bytes, shape.name, at * size, share * size));
    at += share;
    return gathered(shape, joinedBytes(parts, `${folder} (${shape.name})`), 0, type);
  });
}

function joinedVectors(vectors: readonly Vector[], folder: string): Vector {
  const { type } = vectors[0]!;
  if (vectors.some((vector) => vector.type !== type)) throw new FormatError(folder, null, 'its ranks hold numbers of different types.');
  const bytes = joinedBytes(
    vectors.map((vector) => vector.bytes),
    folder,
  );
  return { bytes, type, elements: vectors.reduce((sum, { elements }) => sum + elements, 0) };
}

function gathered({ name, shape, elements }: Shape, source: ByteSource, first: number, type: ElementType): StoredTensor {
  const size = BYTES_PER_ELEMENT[type];
  const layout = { source, offset: first * size, type, order: 'little' as const, strides: contiguousStrides(shape, 'C') };
  return { name, dtype: type, shape, bytes: elements * size, layout, note: null };
}

/** Parameters that are not trained lie in the model's state: whole with stages 1 and 2, in shares with stage 3. */
function frozenOf({ tensors }: TorchFile, stage: 1 | 2 | 3): { tensors: StoredTensor[]; warnings: string[] } {
  const prefix = 'frozen_param_fragments.';
  const own = tensors.filter(({ name }) => name.startsWith(prefix));
  if (stage < 3) return { tensors: own.map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) })), warnings: [] };
  return {
    tensors: [],
    warnings: own.length === 0 ? [] : ['Parameters that are not trained (frozen) are cut over the ranks too, and are left out.'],
  };
}

function entryOf(value: PickleValue | undefined, key: string): PickleValue | undefined {
  return entriesOf(value).find(([name]) => name === key)?.[1];
}

/** Of a dict, or of an OrderedDict. */
function entriesOf(value: PickleValue | undefined): [PickleValue, PickleValue][] {
  const dict = value instanceof PickleCall ? value.dict : value;
  return dict instanceof PickleDict ? [...dict.entries()] : [];
}

/** A number, or a member of an enumeration of numbers. */
function wholeNumber(value: PickleValue | undefined): number | null {
  const number = value instanceof PickleCall && Array.isArray(value.args) ? value.args[0] : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : null;
}
