import type { Format } from './format';
import { isWord2vec, isWordVectorText } from './text/word-heads';
import { isSafetensorsFolder, isTorchFolder } from './weights/model-folder';

const startsWith =
  (...bytes: readonly number[]) =>
  (head: Uint8Array): boolean =>
    head.length >= bytes.length && bytes.every((byte, i) => head[i] === byte);

/** A pickle of protocol 2 to 5. */
const isPickle = (head: Uint8Array): boolean => head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
const isHdf5 = startsWith(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
/** A code of four letters and, after length and number of the vectors, 2^20, which each index holds. */
const isFaiss = (head: Uint8Array): boolean =>
  head.length >= 32 && head[0] === 0x49 && new DataView(head.buffer, head.byteOffset).getBigInt64(16, true) === 2n ** 20n;
const isArrowFile = startsWith(...Buffer.from('ARROW1'));
const isFeather1 = startsWith(...Buffer.from('FEA1'));
/** A stream begins with the length of its schema, in eights of bytes, and the place of the schema in it. */
const isArrowStream = (head: Uint8Array, size: number): boolean => {
  if (head.length < 16 || !startsWith(0xff, 0xff, 0xff, 0xff)(head)) return false;
  const view = new DataView(head.buffer, head.byteOffset);
  const [length, root] = [view.getUint32(4, true), view.getUint32(8, true)];
  return length % 8 === 0 && length + 8 <= size && root >= 4 && root < length;
};
const isArrow = (head: Uint8Array, size: number): boolean => isArrowFile(head) || isFeather1(head) || isArrowStream(head, size);
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
    id: 'sentence-transformers',
    label: 'sentence-transformers',
    extensions: [],
    folder: (names) => names.has('modules.json'),
    access: 'random',
    library: null,
    limits: 'The weights of all modules that `modules.json` lists, named after their folders.',
  },
  {
    id: 'safetensors',
    label: 'safetensors',
    extensions: ['.safetensors', '.safetensors.index.json'],
    magic: (head, size) =>
      head.length >= 9 && head[8] === 0x7b && Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0, true)) + 8 <= size,
    folder: isSafetensorsFolder,
    access: 'random',
    library: null,
    limits:
      'Also a model in several files, by its index or its folder; GPTQ, AWQ, bitsandbytes, compressed-tensors, MLX, MXFP4, NVFP4 and float8 are dequantised.',
  },
  {
    id: 'torch',
    label: 'PyTorch',
    extensions: ['.pt', '.pth', '.bin', '.ckpt'],
    sharedExtensions: ['.bin.index.json'],
    magic: isPickle,
    member: isTorchMember,
    folder: isTorchFolder,
    access: 'random',
    library: null,
    limits:
      'ZIP and legacy files of torch.save and TorchScript, also by an index or a folder; pickles are read as data, nothing in them is run.',
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
    id: 'arrow',
    label: 'Arrow and Feather',
    extensions: ['.arrow', '.feather', '.arrows'],
    magic: isArrow,
    access: 'both',
    library: null,
    limits:
      'Files and streams, also with LZ4 and Zstandard: columns as in Parquet; large compressed batches from start to end; no dictionaries, no Feather V1.',
  },
  {
    id: 'datasets',
    label: 'Hugging Face dataset',
    extensions: [],
    folder: (names) => names.has('dataset_dict.json') || (names.has('state.json') && names.has('dataset_info.json')),
    access: 'both',
    library: null,
    limits: 'Folders of save_to_disk: each column of vectors, of all splits as `train/embedding`; columns as in Arrow.',
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
    id: 'orbax',
    label: 'Orbax (JAX)',
    extensions: ['.ocdbt'],
    magic: startsWith(0x0c, 0xdb, 0x3a, 0x2a),
    folder: (names) => ['_METADATA', '_CHECKPOINT_METADATA', 'manifest.ocdbt'].some((name) => names.has(name)),
    access: 'both',
    library: null,
    limits:
      'A step, or an item of it, with OCDBT or a Zarr folder for each parameter; optimizers are left out, and chunks are of at most 32 MiB.',
  },
  {
    id: 'zarr',
    label: 'Zarr',
    extensions: ['.zarr', '.zarr.zip'],
    sharedExtensions: ['.zarray', '.zgroup', '.zmetadata'],
    endingDecides: true,
    member: (name) => /(?:^|\/)(?:\.zarray|\.zgroup|zarr\.json)$/.test(name),
    folder: (names) => ['.zarray', '.zgroup', '.zmetadata', 'zarr.json'].some((name) => names.has(name)),
    access: 'both',
    library: null,
    limits:
      'Versions 2 and 3, also sharded and as ZIP; gzip, zlib, zstd, LZ4 and Blosc; what is not stored counts as the fill value, and chunks of more than 32 MiB are read from start to end.',
  },
  {
    id: 'faiss',
    label: 'FAISS index',
    extensions: ['.faiss'],
    sharedExtensions: ['.index'],
    magic: isFaiss,
    access: 'random',
    library: null,
    limits:
      'Flat vectors, by themselves, with ids, in HNSW, in IVF lists, or after a transform; compressed indexes are told by their kind.',
  },
  {
    id: 'projector',
    label: 'TensorBoard projector',
    extensions: [],
    sharedExtensions: ['.pbtxt'],
    text: true,
    folder: (names) => names.has('projector_config.pbtxt'),
    access: 'both',
    library: null,
    limits: 'The tables and `.bytes` that `projector_config.pbtxt` names in its folder; not what lies in a checkpoint of TensorFlow.',
  },
  {
    id: 'word2vec',
    label: 'word2vec',
    extensions: [],
    sharedExtensions: ['.bin'],
    magic: isWord2vec,
    access: 'sequential',
    library: null,
    limits: 'The binary form, with and without line breaks between vectors; the words are left out.',
  },
  {
    id: 'word-vectors',
    label: 'Word vectors as text',
    extensions: ['.vec'],
    sharedExtensions: ['.txt'],
    text: true,
    magic: isWordVectorText,
    access: 'sequential',
    library: null,
    limits: 'As word2vec, fastText and GloVe write them; words may hold spaces and any Unicode, and are left out.',
  },
  {
    id: 'json',
    label: 'JSON and JSON Lines',
    extensions: ['.jsonl', '.ndjson'],
    sharedExtensions: ['.json'],
    text: true,
    access: 'sequential',
    library: null,
    limits:
      'Each field of vectors, also nested, as lists of lists and as base64 in `embedding`; fields that first occur behind 4 MiB are not found.',
  },
  {
    id: 'sqlite',
    label: 'SQLite',
    extensions: ['.sqlite', '.sqlite3'],
    sharedExtensions: ['.db'],
    magic: startsWith(...Buffer.from('SQLite format 3\0')),
    access: 'sequential',
    library: null,
    limits:
      'Tables of sqlite-vec, and columns of float32, float64 or JSON vectors of one length; nothing is locked, and a `-wal` beside is not read.',
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
  {
    id: 'raw',
    label: 'Raw numbers',
    extensions: [],
    sharedExtensions: ['.bin', '.dat', '.raw', '.f32'],
    access: 'random',
    library: null,
    limits: 'Little-endian rows with nothing between them, once their element type and number of columns are given.',
  },
] as const satisfies readonly Format[];

export type FormatId = (typeof TABLE)[number]['id'];

/** Packages that some formats are read with. */
export type LibraryName = NonNullable<(typeof TABLE)[number]['library']>;

export type FormatRow = Format & { readonly id: FormatId; readonly library: LibraryName | null };

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

/** The format of a folder that holds these names; null where it is of none. */
export function formatOfFolder(names: readonly string[]): FormatRow | null {
  const held = new Set(names);
  return FORMATS.find(({ folder }) => folder?.(held)) ?? null;
}

/** All formats with this ending, in the registry's order; `model.safetensors.index.json` ends in one that is known, and not in `.json`. */
export function formatsOfEnding(path: string): FormatRow[] {
  const longest = ALL_ENDINGS.filter((ending) => endsIn(path, [ending])).reduce((a, b) => (b.length > a.length ? b : a), '');
  return FORMATS.filter(({ extensions, sharedExtensions = [] }) => extensions.includes(longest) || sharedExtensions.includes(longest));
}

function endsIn(path: string, endings: readonly string[]): boolean {
  const name = path.toLowerCase();
  return endings.some((ending) => name.endsWith(ending));
}
