import type { Format } from './format';

const startsWith =
  (...bytes: readonly number[]) =>
  (head: Uint8Array): boolean =>
    head.length >= bytes.length && bytes.every((byte, i) => head[i] === byte);

/** A pickle of protocol 2 to 5. */
const isPickle = (head: Uint8Array): boolean => head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
const isHdf5 = startsWith(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
const isTorchMember = (name: string): boolean => name === 'data.pkl' || name.endsWith('/data.pkl');

/**
 * Every kind of file that can be read. No reader is loaded by it: `./open` does that.
 * From these rows `node scripts/formats.mjs` writes the table in the README and the clauses in package.json.
 *
 * Where content tells nothing the first row with the file's ending opens it, so that rows without a mark come last.
 */
const TABLE = [
  {
    id: 'npy',
    label: 'NumPy array',
    extensions: ['.npy'],
    magic: startsWith(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59),
    access: 'both',
    library: null,
    limits: 'All numeric types, also big-endian, Fortran order and bfloat16; no structured types, no objects.',
  },
  {
    id: 'npz',
    label: 'NumPy archive',
    extensions: ['.npz'],
    member: (name) => name.endsWith('.npy'),
    access: 'both',
    library: null,
    limits: 'Arrays of savez at random, those of savez_compressed from start to end.',
  },
  {
    id: 'safetensors',
    label: 'safetensors',
    extensions: ['.safetensors', '.safetensors.index.json'],
    magic: (head, size) =>
      head.length >= 9 && head[8] === 0x7b && Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0, true)) + 8 <= size,
    access: 'random',
    library: null,
    limits:
      'Also a model in several files, by its index; GPTQ, AWQ, bitsandbytes, compressed-tensors, MLX, MXFP4, NVFP4 and float8 are dequantised.',
  },
  {
    id: 'torch',
    label: 'PyTorch',
    extensions: ['.pt', '.pth', '.bin', '.ckpt'],
    magic: isPickle,
    member: isTorchMember,
    access: 'random',
    library: null,
    limits: 'ZIP and legacy files of torch.save and TorchScript; pickles are read as data, nothing in them is run.',
  },
  {
    id: 'dcp',
    label: 'PyTorch distributed checkpoint',
    extensions: ['.distcp'],
    sharedExtensions: ['.metadata'],
    magic: isPickle,
    member: isTorchMember,
    folder: (names) => names.has('.metadata') && [...names].some((name) => name.endsWith('.distcp')),
    access: 'random',
    library: null,
    limits: 'The folder or any file of it opens the whole model: `.metadata`, read as data, and shards by rows, columns or both.',
  },
  {
    id: 'deepspeed',
    label: 'DeepSpeed ZeRO',
    extensions: [],
    folder: (names) => [...names].some((name) => /^(?:bf16_)?zero_pp_rank_\d+_mp_rank_\d+_optim_states\.pt$/.test(name)),
    access: 'random',
    library: null,
    limits: 'The weights in float32 from the optimizers of all ranks, stages 1 to 3; not where layers are cut over several GPUs too.',
  },
  {
    id: 'gguf',
    label: 'GGUF',
    extensions: ['.gguf'],
    magic: startsWith(0x47, 0x47, 0x55, 0x46),
    access: 'random',
    library: null,
    limits: 'Versions 2 and 3, also big-endian and models in parts; all types of blocks but IQ1, IQ2 and IQ3 are dequantised.',
  },
  {
    id: 'keras',
    label: 'Keras',
    extensions: ['.keras', '.weights.h5'],
    magic: isHdf5,
    member: (name) => name === 'model.weights.h5',
    access: 'both',
    library: 'h5wasm',
    limits: 'Variables by the names of their layers, without those of the optimizer; also legacy `.h5` files.',
  },
  {
    id: 'hdf5',
    label: 'HDF5',
    extensions: ['.h5', '.hdf5', '.hdf'],
    magic: isHdf5,
    access: 'both',
    library: 'h5wasm',
    limits:
      'Datasets of numbers, also with gzip, shuffle, szip and Fletcher-32; links, external and virtual data, LZF and Blosc are not followed or read.',
  },
  {
    id: 'parquet',
    label: 'Parquet',
    extensions: ['.parquet'],
    magic: startsWith(0x50, 0x41, 0x52, 0x31),
    access: 'sequential',
    library: null,
    limits: 'Each column of vectors, and all numeric columns together as one matrix; every codec but LZO; what is missing becomes NaN.',
  },
  {
    id: 'vecs',
    label: 'TEXMEX vectors',
    extensions: ['.fvecs', '.bvecs', '.ivecs'],
    endingDecides: true,
    access: 'random',
    library: null,
    limits: 'Elements of float32, uint8 and int32, by the ending; all vectors of one length.',
  },
  {
    id: 'csv',
    label: 'Table of numbers',
    extensions: ['.csv', '.tsv'],
    sharedExtensions: ['.txt'],
    text: true,
    access: 'sequential',
    library: null,
    limits: 'One row a line; separated by commas, tabs, semicolons or spaces; row and column names are left out.',
  },
] as const satisfies readonly Format[];

export type FormatId = (typeof TABLE)[number]['id'];

export type FormatRow = Format & { readonly id: FormatId };

export const FORMATS: readonly FormatRow[] = TABLE;

/** Endings that put the action in the menus, with the dot. */
export const CLEAR_ENDINGS: readonly string[] = endingsOf(FORMATS.map(({ extensions }) => extensions));

/** Every ending that some format has, with the dot. */
export const ALL_ENDINGS: readonly string[] = endingsOf(
  FORMATS.flatMap(({ extensions, sharedExtensions }) => [extensions, sharedExtensions ?? []]),
);

function endingsOf(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}

/** The format whose files end so; null where none does, or files of other kinds do too. */
export function formatOfEnding(path: string): FormatRow | null {
  return FORMATS.find(({ extensions }) => endsIn(path, extensions)) ?? null;
}

/** All formats with this ending, in the registry's order. */
export function formatsOfEnding(path: string): FormatRow[] {
  return FORMATS.filter(({ extensions, sharedExtensions = [] }) => endsIn(path, extensions) || endsIn(path, sharedExtensions));
}

function endsIn(path: string, endings: readonly string[]): boolean {
  const name = path.toLowerCase();
  return endings.some((ending) => name.endsWith(ending));
}
