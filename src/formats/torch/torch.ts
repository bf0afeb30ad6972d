import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import { ShardPool } from '../bytes/shard-pool';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, type ElementType } from '../matrices/elements';
import { quantisedNote } from '../quantised/quantised';
import { modelFile } from '../weights/model-file';
import { modelPathOf } from '../weights/model-folder';
import { openShards, readShardIndex, tensorsIn } from '../weights/shard-index';
import type { StoredModel, StoredTensor } from '../weights/stored-tensors';
import type { PickleValue } from './pickle';
import { readTorchLegacy } from './torch-legacy';
import type { TorchContent, TorchStorage } from './torch-storage';
import { findTensors, type NamedTensor } from './torch-tensors';
import { readTorchZip } from './torch-zip';

const INDEX = '.bin.index.json';

/** Files of `torch.save`, old and new, and TorchScript archives. Their pickles are read as data: nothing is imported or called. */
export const torch: Reader = {
  async open(path, openBytes, listFolder) {
    const file = await modelPathOf(path, listFolder);
    const model = file.endsWith(INDEX) ? await openShardedTorch(file, openBytes) : await openSingle(file, openBytes);
    return modelFile(file, 'torch', model, openBytes);
  },
};

async function openSingle(path: string, openBytes: OpenBytes): Promise<StoredModel> {
  const source = await openBytes(path);
  try {
    const content = await readTorch(source);
    return { bytes: source.size, fingerprint: [`${path} ${source.fingerprint}`], close: () => source.close(), ...content };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** A model in several files with an index, as Hugging Face libraries wrote it. */
async function openShardedTorch(path: string, openBytes: OpenBytes): Promise<StoredModel> {
  const index = await readShardIndex(path, openBytes);
  const pool = new ShardPool(openBytes);
  try {
    const shards = await openShards(path, index, pool);
    const files = [...shards.values()];
    const tensors: StoredTensor[] = [];
    const warnings: string[] = [];
    for (const [shard, source] of shards) {
      const content = await readTorch(source);
      const { here, warnings: left } = tensorsIn(source.path, content.tensors, index.shards.get(shard)!);
      tensors.push(...here);
      warnings.push(...content.warnings, ...left);
    }
    return {
      bytes: files.reduce((sum, file) => sum + file.size, index.bytes),
      tensors,
      warnings: [...new Set(warnings)],
      fingerprint: [`${path} ${index.fingerprint}`, ...files.map((file) => `${file.path} ${file.fingerprint}`)],
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

export interface TorchFile {
  readonly pickle: PickleValue;
  readonly tensors: readonly StoredTensor[];
  /** What the pickle names that tensors do not need, and what was not looked at; one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * What a file, or a part of one, that `torch.save` wrote holds.
 * @throws FormatError when it is not sound
 */
export async function readTorch(source: ByteSource): Promise<TorchFile> {
  const content = await read(source);
  const { tensors, warnings } = findTensors(content.pickle.value, source.path);
  const imports = unexpectedImports(content.pickle.globals);
  return { pickle: content.pickle.value, tensors: toStoredTensors(tensors, content), warnings: [...imports, ...warnings] };
}

const TAR_MAGIC_AT = 257;

async function read(source: ByteSource): Promise<TorchContent> {
  const { path, size } = source;
  const head = new Uint8Array(Math.min(size, 512));
  await source.read(0, head);
  const text = (from: number, length: number) => String.fromCharCode(...head.subarray(from, from + length));
  if (text(0, 2) === 'PK') return readTorchZip(source);
  if (head[0] === 0x80) return readTorchLegacy(source);
  if (text(TAR_MAGIC_AT, 5) === 'ustar') {
    throw new FormatError(path, 0, 'it is a tar file of PyTorch before 0.1.10; load and save it with a newer PyTorch.');
  }
  throw new FormatError(path, 0, size === 0 ? 'the file is empty.' : 'a ZIP archive or a pickle, as torch.save writes, was expected here.');
}

function toStoredTensors(tensors: readonly NamedTensor[], content: TorchContent): StoredTensor[] {
  const names = new Set(tensors.map(({ name }) => name));
  const firstWith = new Map<string, string>();
  return tensors.map((tensor) => {
    const { name, dtype, shape, view } = tensor;
    if (view === null) return { name, dtype, shape, bytes: 0, layout: null, note: tensor.note };
    const { storage } = view;
    const size = Object.hasOwn(BYTES_PER_ELEMENT, dtype) ? BYTES_PER_ELEMENT[dtype as ElementType] : storage.bytesPerElement;
    const elements = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, 1);
    // A view may repeat its elements.
    const bytes = Math.min(elements * size, storage.elements * storage.bytesPerElement);
    const listed = (note: string): StoredTensor => ({ name, dtype, shape, bytes, layout: null, note });
    const quantised = quantisedNote(name, dtype, (other) => names.has(other));
    if (quantised !== null) return listed(quantised);
    if (!Object.hasOwn(BYTES_PER_ELEMENT, dtype)) return listed(`Elements of type ${dtype} cannot be read yet.`);
    const stored = content.storageBytes(storage);
    if (typeof stored === 'string') return listed(stored);
    const { source, order } = stored;
    const offset = (storage.part?.offset ?? 0) * storage.bytesPerElement + view.offset * size;
    if (elements > 0 && offset + span(shape, view.strides) * size > endOf(storage, source)) {
      return listed(`It is a view that leaves storage "${storage.key}".`);
    }

    const identity = JSON.stringify([storage.key, offset, shape, view.strides]);
    const first = firstWith.get(identity);
    if (first === undefined) firstWith.set(identity, name);
    return {
      name,
      dtype,
      shape,
      bytes,
      layout: { source, offset, type: dtype as ElementType, order, strides: view.strides },
      note: first === undefined ? null : `It is the same tensor as "${first}".`,
    };
  });
}

/** Elements from the first to the last of a tensor that is not empty, with what lies between. */
function span(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 1);
}

/** Byte of its storage at which a view has to end. */
function endOf({ part, bytesPerElement }: TorchStorage, source: ByteSource): number {
  return part === null ? source.size : Math.min(source.size, (part.offset + part.elements) * bytesPerElement);
}

/**
 * What the pickles of tensors, optimisers and modules name. Everything that is named counts, not only what is called: Python can be led
 * to call one thing through another. Classes of modules and optimisers are capitalised; the functions beside them are not.
 */
const EXPECTED = [
  /^torch\._utils\._rebuild_\w+$/,
  /^torch\._?tensor\._rebuild_from_type(_v2)?$/,
  /^torch\.(cuda\.|sparse\.|storage\.)?[A-Z]\w*(Storage|Tensor)$/,
  /^torch\.(Size|device|Tensor|bool|half|double|(q|qu|u)?int\d\w*|b?float\d\w*|complex\d+|strided|sparse_\w+|per_(tensor|channel)_\w+)$/,
  /^torch\.nn\.parameter\.(Parameter|Buffer|UninitializedParameter|UninitializedBuffer)$/,
  /^torch\.serialization\._get_layout$/,
  /^torch\.nn\.modules\.\w+\.[A-Z]\w*$/,
  /^torch\.optim\.\w+\.[A-Z]\w*$/,
  /^torch\.jit\._pickle\.\w+$/,
  /^__torch__(\.\w+)+$/,
  /^collections\.(OrderedDict|Counter|defaultdict)$/,
  /^copy_?reg\._reconstructor$/,
  /^(builtins|__builtin__)\.(dict|list|tuple|set|frozenset|bytes|bytearray|complex|object|slice|int|float|str)$/,
  /^_codecs\.encode$/,
  /^numpy\._?core\.multiarray\.(_reconstruct|scalar)$/,
  /^numpy\.(dtype|ndarray)$/,
];
const MAX_IMPORTS_NAMED = 5;

function unexpectedImports(globals: ReadonlySet<string>): string[] {
  const names = [...globals].filter((name) => !EXPECTED.some((pattern) => pattern.test(name)));
  if (names.length === 0) return [];
  const shown = names.slice(0, MAX_IMPORTS_NAMED).map((name) => (/^[\w.]{1,100}$/.test(name) ? name : JSON.stringify(name.slice(0, 100))));
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return [
    `Loading this file with pickle can run code: it names ${shown.join(', ')}${more}, which tensors do not need. Here it was read as data, and nothing was called.`,
  ];
}
