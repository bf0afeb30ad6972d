import { type ByteSource, partOf } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { ByteOrder } from '../matrices/elements';
import { MAX_PICKLE_BYTES, PickleCutError, PickleDict, PickleList, type PickleValue, type Unpickled, unpickle } from './pickle';
import { type StorageBytes, storageOf, type TorchContent, type TorchStorage } from './torch-storage';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
const FIRST_WINDOW = 64 * 2 ** 10;

/**
 * The layout of `torch.save` before PyTorch 1.6 (`_legacy_save` in `torch/serialization.py`): pickles of a magic number, a protocol
 * version, the machine, the object, and the keys of its storages; then each storage as a count of elements and the elements.
 *
 * @throws FormatError when the file is cut short or one of its parts is unsound
 */
export async function readTorchLegacy(source: ByteSource): Promise<TorchContent> {
  const { path } = source;
  const magic = await unpickleAt(source, 0);
  if (magic.value !== MAGIC) {
    throw new FormatError(path, 0, 'it is a pickle, but not one of torch.save; save the tensors with torch.save or as safetensors.');
  }
  const protocol = await unpickleAt(source, magic.end);
  if (protocol.value !== PROTOCOL) throw new FormatError(path, magic.end, `a PyTorch file of protocol ${PROTOCOL} was expected.`);
  const machine = await unpickleAt(source, protocol.end);
  const order = machine.value instanceof PickleDict && machine.value.get('little_endian') === false ? 'big' : 'little';
  const pickle = await unpickleAt(source, machine.end);
  const keys = await unpickleAt(source, pickle.end);
  const storages = await locateStorages(source, keys.value, keys.end, describedStorages(path, pickle), order);
  return {
    pickle,
    storageBytes: ({ key }) => storages.get(key) ?? `The file does not hold storage "${key}", which it is a view of.`,
  };
}

/**
 * The pickle at `offset`; `end` counts from the start of the file. Reads not much more than the pickle: what follows may be gigabytes.
 */
async function unpickleAt(source: ByteSource, offset: number): Promise<Unpickled> {
  for (let window = FIRST_WINDOW; window <= MAX_PICKLE_BYTES; window *= 4) {
    const bytes = new Uint8Array(Math.min(window, source.size - offset));
    await source.read(offset, bytes);
    try {
      const pickle = unpickle(bytes, source.path, offset);
      return { ...pickle, end: offset + pickle.end };
    } catch (error) {
      if (!(error instanceof PickleCutError) || bytes.length < window) throw error;
    }
  }
  throw new FormatError(source.path, offset, `the pickle here is longer than ${MAX_PICKLE_BYTES} bytes, far more than a checkpoint needs.`);
}

function describedStorages(path: string, pickle: Unpickled): Map<string, TorchStorage> {
  const described = new Map<string, TorchStorage>();
  for (const reference of pickle.persistent) {
    const storage = storageOf(reference);
    if (storage === null) continue;
    const before = described.get(storage.key);
    if (before !== undefined && (before.elements !== storage.elements || before.bytesPerElement !== storage.bytesPerElement)) {
      throw new FormatError(path, null, `storage "${storage.key}" is described in two ways.`);
    }
    described.set(storage.key, storage);
  }
  return described;
}

async function locateStorages(
  source: ByteSource,
  keys: PickleValue,
  start: number,
  described: ReadonlyMap<string, TorchStorage>,
  order: ByteOrder,
): Promise<Map<string, StorageBytes>> {
  const { path, size } = source;
  if (!(keys instanceof PickleList)) throw new FormatError(path, start, 'the list of storages was expected here.');
  const located = new Map<string, StorageBytes>();
  const word = new Uint8Array(8);
  let at = start;
  for (const key of keys.items) {
    const storage = described.get(String(key));
    if (storage === undefined || located.has(storage.key)) {
      throw new FormatError(path, start, 'the list of storages does not fit the object.');
    }
    if (at + word.length > size) {
      throw new FormatError(path, at, `storage "${storage.key}" should start here, but the file ends; it is cut short.`);
    }
    await source.read(at, word);
    const elements = new DataView(word.buffer).getBigInt64(0, order === 'little');
    const bytes = storage.elements * storage.bytesPerElement;
    if (elements !== BigInt(storage.elements)) {
      throw new FormatError(path, at, `storage "${storage.key}" has ${elements} elements here, but ${storage.elements} in the object.`);
    }
    at += word.length;
    if (at + bytes > size) {
      throw new FormatError(
        path,
        at,
        `storage "${storage.key}" should end at byte ${at + bytes}, but the file has ${size} bytes; it is cut short.`,
      );
    }
    located.set(storage.key, { source: partOf(source, `storage ${storage.key}`, at, bytes), order });
    at += bytes;
  }
  return located;
}
