import type { ByteSource, ListFolder, OpenBytes } from './bytes/byte-source';
import { listFolder as listRealFolder, openFile } from './bytes/file-bytes';
import { readZip } from './bytes/zip';
import type { Reader } from './format';
import { FormatError, UnknownFormatError } from './format-error';
import type { TensorFile } from './matrix-source';
import { FORMATS, type FormatId, type FormatRow, formatOfFolder, formatsOfEnding } from './registry';
import type { RawLayout } from './vectors/raw';

/** Loaded when the first file of the format is opened. */
const READERS: Readonly<Record<FormatId, () => Promise<Reader>>> = {
  npy: async () => (await import('./numpy/npy')).npy,
  npz: async () => (await import('./numpy/npz')).npz,
  'sentence-transformers': async () => (await import('./weights/sentence-transformers')).sentenceTransformers,
  safetensors: async () => (await import('./safetensors/safetensors')).safetensors,
  torch: async () => (await import('./torch/torch')).torch,
  dcp: async () => (await import('./torch/dcp')).dcp,
  deepspeed: async () => (await import('./torch/deepspeed')).deepspeed,
  gguf: async () => (await import('./gguf/gguf')).gguf,
  keras: async () => (await import('./hdf5/keras')).keras,
  hdf5: async () => (await import('./hdf5/hdf5')).hdf5,
  parquet: async () => (await import('./parquet/parquet')).parquet,
  arrow: async () => (await import('./arrow/arrow')).arrow,
  datasets: async () => (await import('./arrow/datasets')).datasets,
  vecs: async () => (await import('./vectors/vecs')).vecs,
  orbax: async () => (await import('./orbax/orbax')).orbax,
  zarr: async () => (await import('./zarr/zarr')).zarr,
  projector: async () => (await import('./vectors/projector')).projector,
  word2vec: async () => (await import('./vectors/word2vec')).word2vec,
  'word-vectors': async () => (await import('./text/word-vectors')).wordVectors,
  json: async () => (await import('./json/json')).json,
  csv: async () => (await import('./text/csv')).csv,
  faiss: async () => (await import('./vectors/faiss')).faiss,
  sqlite: async () => (await import('./vectors/sqlite')).sqlite,
  raw: async () => (await import('./vectors/raw')).raw,
};

const HEAD_BYTES = 512;

export interface OpenOptions {
  /** How the numbers of the file lie; it is then looked at no further. Absent: it has to say so itself. */
  readonly raw?: RawLayout;
  readonly openBytes?: OpenBytes;
  readonly listFolder?: ListFolder;
}

/**
 * Opens a file, or a folder that is a dataset or a model. Content that is plainly of one format is opened as that; where content does not
 * tell, the ending does, and a file of unknown ending is tried as a table of numbers.
 * @throws FormatError when it cannot be read, with what and where
 */
export async function openTensorFile(
  path: string,
  { raw, openBytes = openFile, listFolder = listRealFolder }: OpenOptions = {},
): Promise<TensorFile> {
  if (raw !== undefined) return (await import('./vectors/raw')).openRaw(path, raw, openBytes);
  const open = async ({ id }: { id: FormatId }) => (await READERS[id]()).open(path, openBytes, listFolder);
  const names = await listFolder(path);
  if (names !== null) {
    const format = formatOfFolder(names);
    if (format === null) throw new FormatError(path, null, 'this is a folder; give a file inside it.');
    return open(format);
  }

  const source = await openBytes(path);
  let format: FormatRow | undefined;
  try {
    const byEnding = formatsOfEnding(path);
    const decided = byEnding.find(({ endingDecides }) => endingDecides);
    format = decided ?? (await formatOfContent(source, byEnding)) ?? byEnding.find(({ magic, member }) => !magic && !member) ?? byEnding[0];
  } finally {
    await source.close();
  }
  if (format !== undefined) return open(format);
  try {
    return await open({ id: 'csv' });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new UnknownFormatError(path, null, `this kind of file cannot be read. These can: ${known()}.`);
  }
}

function known(): string {
  return FORMATS.filter(({ extensions }) => extensions.length > 0)
    .map(({ label, extensions }) => `${label} (${extensions.join(', ')})`)
    .join(', ');
}

/** By the first bytes, and the members of a ZIP archive. Of several formats that start alike the one with the file's ending comes first. */
async function formatOfContent(source: ByteSource, byEnding: readonly FormatRow[]): Promise<FormatRow | undefined> {
  const head = new Uint8Array(Math.min(source.size, HEAD_BYTES));
  await source.read(0, head);
  const rows = [...byEnding, ...FORMATS];
  const isZip = head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
  if (!isZip) return rows.find(({ magic }) => magic?.(head, source.size));
  const members = await membersOf(source);
  // Of an unsound archive no members are known: a format of the file's ending then says what is wrong.
  return rows.find(({ member }) => member !== undefined && members.some(member)) ?? byEnding.find(({ member }) => member !== undefined);
}

async function membersOf(source: ByteSource): Promise<string[]> {
  try {
    return (await readZip(source)).map(({ name }) => name);
  } catch (error) {
    if (error instanceof FormatError) return [];
    throw error;
  }
}
