import { FormatError } from '../formats/format-error';
import { parseBoundedJson } from '../formats/json/bounded-json';
import { formatOfEnding } from '../formats/registry';
import { isRecord } from '../formats/safetensors/safetensors-header';
import type { CheckpointFile } from './checkpoint';
import { type Entry, filesOf, readSmallFile, sizeOf } from './directory';
import { namesInWords } from './listing';
import { compareNaturally } from './natural-order';

/** The weights of one model in a folder. */
export interface Weights {
  readonly files: readonly CheckpointFile[];
  readonly parts: readonly string[];
  /** What is not there yet, as a phrase; null when all is. */
  readonly waitingFor: string | null;
  /** Why they cannot be used, as a sentence. */
  readonly refused: string | null;
}

/** In the order in which Hugging Face libraries look for them. */
const MODEL_FILES = ['model.safetensors', 'pytorch_model.bin'];
const ADAPTER_FILES = ['adapter_model.safetensors', 'adapter_model.bin'];

const SHARD = /^(.+?)-\d+-of-\d+\.(safetensors|bin|gguf)$/;

/** The index of the largest models has some 10 MB. */
const MAX_INDEX_BYTES = 32 << 20;

/**
 * State of the training or its log, which has matrices but none of the model's: optimizers, schedulers, random numbers, metrics, and
 * the partitions of ZeRO.
 */
const TRAINING_STATE =
  /^(?:optim(?:izer)?|scheduler|scaler|sampler|dataloader|rng_state|random_states?|training_args)[._-]|^(?:bf16_)?zero_pp_rank_|^(?:metrics?|logs?|history|progress|loss(?:es)?|results|training_log)\.(?:csv|tsv)$/i;

const PLAN = '.metadata';
/** The files of torch.distributed.checkpoint, none of which stands alone. */
const DISTRIBUTED = /^\.metadata$|\.distcp$/;

/** Whether a file may hold the model's matrices or embeddings, in a format that can be read. */
export function isTensorFile(name: string): boolean {
  const format = formatOfEnding(name);
  // JSON Lines beside a training are its log or its data.
  return format !== null && format.id !== 'json' && !name.startsWith('.') && !TRAINING_STATE.test(name) && !DISTRIBUTED.test(name);
}

/** One of the files that together are one model. */
export function isShard(name: string): boolean {
  return SHARD.test(name) || /^mp_rank_\d+/.test(name);
}

/** The model in a folder as Hugging Face libraries write it: one file, or shards and their index. Null without one. */
export async function modelIn(entries: readonly Entry[]): Promise<Weights | null> {
  return firstOf(MODEL_FILES, filesOf(entries));
}

/** The adapter (LoRA and its like) in a folder as PEFT writes it. Null without one. */
export async function adapterIn(entries: readonly Entry[]): Promise<Weights | null> {
  const files = filesOf(entries);
  const weights = await firstOf(ADAPTER_FILES, files);
  if (weights === null) return null;
  const config = files.find(({ name }) => name === 'adapter_config.json');
  if (config === undefined) return { ...weights, waitingFor: weights.waitingFor ?? 'adapter_config.json' };
  return { ...weights, parts: [...weights.parts, config.path] };
}

async function firstOf(names: readonly string[], files: readonly Entry[]): Promise<Weights | null> {
  for (const name of names) {
    const single = files.find((file) => file.name === name);
    if (single !== undefined) return wholeFiles([single]);
    const index = files.find((file) => file.name === `${name}.index.json`);
    if (index !== undefined) return sharded(index, files);
    const [stem, ending] = [name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1)];
    const shards = files.filter((file) => {
      const match = SHARD.exec(file.name);
      return match !== null && match[1] === stem && match[2] === ending;
    });
    // The index is written after the last shard.
    if (shards.length > 0) return { files: [], parts: shards.map(({ path }) => path), waitingFor: `${name}.index.json`, refused: null };
  }
  return null;
}

/** The shards of torch.distributed.checkpoint in a folder, known by the plan, which is written last. Null without any. */
export async function distributedIn(entries: readonly Entry[]): Promise<Weights | null> {
  const files = filesOf(entries).filter(({ name }) => DISTRIBUTED.test(name));
  if (files.length === 0) return null;
  const parts = files.map(({ path }) => path);
  const plan = files.find(({ name }) => name === PLAN);
  if (plan === undefined) return { files: [], parts, waitingFor: PLAN, refused: null };
  return { files: [{ path: plan.path, name: PLAN }], parts, waitingFor: await unwritten(files), refused: null };
}

/** Files that each stand alone. */
export async function wholeFiles(entries: readonly Entry[]): Promise<Weights> {
  const parts = entries.map(({ path }) => path);
  return { files: entries.map(({ path, name }) => ({ path, name })), parts, waitingFor: await unwritten(entries), refused: null };
}

/** The files that are empty or gone, as a phrase; null when all have content. */
async function unwritten(entries: readonly Entry[]): Promise<string | null> {
  const sizes = await Promise.all(entries.map(({ path }) => sizeOf(path)));
  const empty = entries.filter((_, i) => !sizes[i]).map(({ name }) => name);
  return empty.length === 0 ? null : `${namesInWords(empty)} to be written`;
}

async function sharded(index: Entry, files: readonly Entry[]): Promise<Weights> {
  const names = await shardNames(index);
  if (names === null) return { files: [], parts: [index.path], waitingFor: `${index.name} to be a readable index`, refused: null };
  const outside = names.find((name) => /[/\\]/.test(name));
  if (outside !== undefined) {
    const refused = `${index.path} places tensors in ${JSON.stringify(outside)}, outside its folder; it is not read.`;
    return { files: [], parts: [], waitingFor: null, refused };
  }
  const present = files.filter(({ name }) => names.includes(name));
  const there = new Set(present.map(({ name }) => name));
  const absent = names.filter((name) => !there.has(name));
  const safetensors = index.name.endsWith('.safetensors.index.json');
  return {
    // The index of a .bin model is no tensor file; its shards stand alone.
    files: (safetensors ? [index] : present).map(({ path, name }) => ({ path, name })),
    parts: [index, ...present].map(({ path }) => path),
    waitingFor: absent.length > 0 ? namesInWords(absent) : await unwritten(present),
    refused: null,
  };
}

/** The files that an index names, in natural order; null when it is no index, or none yet. */
async function shardNames(index: Entry): Promise<string[] | null> {
  const text = await readSmallFile(index.path, MAX_INDEX_BYTES);
  if (text === null) return null;
  try {
    const parsed = parseBoundedJson(text, index.path, 'the index', 0);
    const map = isRecord(parsed) ? parsed.weight_map : undefined;
    const shards = isRecord(map) ? [...new Set(Object.values(map))] : [];
    if (shards.length === 0 || !shards.every((shard) => typeof shard === 'string')) return null;
    return shards.sort(compareNaturally);
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
