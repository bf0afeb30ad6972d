import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, type ElementType } from '../matrices/elements';
import type { TensorFile } from '../matrix-source';
import { modelFile } from '../weights/model-file';
import type { StoredTensor } from '../weights/stored-tensors';
import { type Hdf5Dataset, Hdf5File } from './hdf5-library';
import { hdf5Matrix, type NumericDataset } from './hdf5-matrix';
import { kerasNames } from './keras-names';

/** Datasets of numbers by their paths; of a Keras model by the names of its layers. */
export const hdf5: Reader = {
  open: async (path, openBytes) => openHdf5(path, 'hdf5', await openBytes(path), openBytes),
};

/** Objects of an honest file; hard links that form a circle are without end. */
const MOST_OBJECTS = 100_000;
const MOST_LEVELS = 64;
/** A chunk is decompressed as a whole. */
const MOST_CHUNK_BYTES = 256 * 2 ** 20;
/** Deflate cannot shrink by more, and chunks that were never written take no place: such a matrix is not worth a look. */
const MOST_EXPANSION = 1100;

/** Those of the HDF5 library itself; others come as plug-ins, which are not here. */
const FILTERS = new Set([1, 2, 3, 4, 5, 6]);
/** https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md */
const OTHER_FILTERS: Readonly<Record<number, string>> = { 307: 'bzip2', 32000: 'LZF', 32001: 'Blosc', 32004: 'LZ4', 32015: 'Zstandard' };

/** Class numbers of datatypes: https://docs.hdfgroup.org/hdf5/v1_14/group___h5_t.html */
const INTEGER = 0;
const FLOAT = 1;
const OPAQUE = 5;
const ENUM = 8;

/**
 * Opens an HDF5 file and closes `source` with it, or where that fails.
 * @param path as in reports, where `source` may be a part of the file
 */
export async function openHdf5(path: string, format: string, source: ByteSource, openBytes: OpenBytes): Promise<TensorFile> {
  let file: Hdf5File | null = null;
  const close = async (): Promise<void> => {
    file?.close();
    await source.close();
  };
  let tensors: StoredTensor[];
  const warnings: string[] = [];
  try {
    const opened = await Hdf5File.open(source);
    file = opened;
    const { datasets, links } = walk(opened, source.path);
    if (links.length > 0)
      warnings.push(`${count(links.length, 'link')} (${shortList(links)}) ${links.length === 1 ? 'is' : 'are'} not followed.`);
    const named = kerasNames(datasets, (name) => opened.hasAttribute(name, 'layer_names'));
    warnings.push(...named.warnings);
    tensors = named.tensors.map(({ name, path: at }) => describe(opened, source.size, name, at));
  } catch (error) {
    await close();
    throw error;
  }
  return modelFile(
    path,
    format,
    { bytes: source.size, tensors, warnings, fingerprint: [`${path} ${source.fingerprint}`], close },
    openBytes,
  );
}

function walk(file: Hdf5File, path: string): { datasets: string[]; links: string[] } {
  const datasets: string[] = [];
  const links: string[] = [];
  let objects = 0;
  const visit = (group: string, level: number): void => {
    if (level > MOST_LEVELS) throw new FormatError(path, null, `its groups lie more than ${MOST_LEVELS} deep, or in a circle.`);
    for (const name of file.names(group)) {
      const at = `${group === '/' ? '' : group}/${name}`;
      if (++objects > MOST_OBJECTS) throw new FormatError(path, null, `it holds more than ${MOST_OBJECTS} objects, or groups in a circle.`);
      const kind = file.kind(at);
      if (kind === 'group') visit(at, level + 1);
      else if (kind === 'dataset') datasets.push(at);
      else if (kind !== 'other') links.push(`${kind} ${JSON.stringify(at)}`);
    }
  };
  visit('/', 0);
  return { datasets, links };
}

function describe(file: Hdf5File, fileBytes: number, name: string, path: string): StoredTensor {
  const dataset = file.dataset(path);
  const shape = dataset.shape ?? [];
  const type = elementType(file, path, dataset);
  const bytes = shape.reduce((a, b) => a * b, dataset.size);
  const described = { name, dtype: type ?? 'other', shape, bytes };
  const note =
    dataset.shape === null
      ? 'It is empty.'
      : type === null
        ? 'Its elements are no numbers that can be read.'
        : whyNot(dataset, shape, type, bytes, fileBytes);
  if (note !== null || type === null) return { ...described, layout: null, note };
  const numeric: NumericDataset = { path, shape, type, chunks: dataset.chunks };
  return { ...described, layout: (rows, columns) => hdf5Matrix(file, numeric, rows, columns), note: null };
}

function whyNot(dataset: Hdf5Dataset, shape: readonly number[], type: ElementType, bytes: number, fileBytes: number): string | null {
  if ((dataset.virtual_sources?.length ?? 0) > 0) return 'It is a virtual dataset, whose data lie in other files.';
  const filter = dataset.filters.find(({ id }) => !FILTERS.has(id));
  if (filter !== undefined) {
    return `It is compressed with ${OTHER_FILTERS[filter.id] ?? `filter ${filter.id}`}, which cannot be read; save it with gzip or uncompressed.`;
  }
  const { chunks } = dataset;
  if (chunks === null) return bytes > fileBytes ? `It claims ${bytes} bytes, more than the file has.` : null;
  if (chunks.length !== shape.length || chunks.some((each) => !(each > 0))) return 'Its chunks have impossible sizes.';
  const chunkBytes = chunks.reduce((a, b) => a * b, BYTES_PER_ELEMENT[type]);
  if (chunkBytes > MOST_CHUNK_BYTES) return `Its chunks have ${chunkBytes} bytes, more than the ${MOST_CHUNK_BYTES} that are read at once.`;
  return bytes > MOST_EXPANSION * fileBytes ? `It claims ${bytes} bytes, more than a file of ${fileBytes} bytes can hold.` : null;
}

/** Null for what is no number. A float of 16 bits is taken as IEEE's: the library does not tell others apart. */
function elementType(file: Hdf5File, path: string, { type, size, signed, enum_type }: Hdf5Dataset): ElementType | null {
  if (type === FLOAT) return ({ 2: 'float16', 4: 'float32', 8: 'float64' } as const)[size] ?? null;
  if (type === INTEGER) {
    const name = `${signed ? '' : 'u'}int${8 * size}`;
    return Object.hasOwn(BYTES_PER_ELEMENT, name) ? (name as ElementType) : null;
  }
  if (type === ENUM && size === 1)
    return Object.keys(enum_type?.members ?? {})
      .sort()
      .join() === 'FALSE,TRUE'
      ? 'bool'
      : null;
  // Keras: https://github.com/keras-team/keras/blob/master/keras/src/saving/saving_lib.py, H5Entry
  if (type === OPAQUE && size === 2 && file.text(path, 'dtype') === 'bfloat16') return 'bfloat16';
  return null;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function shortList(items: readonly string[]): string {
  return items.length > 3 ? `${items.slice(0, 3).join(', ')} and ${items.length - 3} more` : items.join(', ');
}
