import type { ByteSource } from '../bytes/byte-source';
import type { ByteOrder } from '../matrices/elements';
import { PickleGlobal, type PicklePersistent, type Unpickled } from './pickle';

/** A run of elements outside the pickle, which tensors are views of, as a pickle refers to it. */
export interface TorchStorage {
  readonly key: string;
  readonly dtype: string;
  readonly bytesPerElement: number;
  readonly elements: number;
  /** The tensor is a view of this part only, in elements; null for all of it. Only files before PyTorch 1.6 have parts. */
  readonly part: { readonly offset: number; readonly elements: number } | null;
}

/** Bytes of exactly one storage. */
export interface StorageBytes {
  readonly source: ByteSource;
  readonly order: ByteOrder;
}

/** What the two layouts of PyTorch files have in common. */
export interface TorchContent {
  readonly pickle: Unpickled;
  /** The bytes of a storage, or a sentence that says why they cannot be read. */
  readonly storageBytes: (storage: TorchStorage) => StorageBytes | string;
}

interface StorageType {
  readonly dtype: string;
  readonly bytesPerElement: number;
}

/** By the name of the storage class (`torch/storage.py`, `_dtype_to_storage_type_map`). An untyped storage counts bytes. */
const STORAGE_TYPES: ReadonlyMap<string, StorageType> = new Map(
  (
    [
      ['UntypedStorage', 'uint8', 1],
      ['BoolStorage', 'bool', 1],
      ['CharStorage', 'int8', 1],
      ['ByteStorage', 'uint8', 1],
      ['ShortStorage', 'int16', 2],
      ['IntStorage', 'int32', 4],
      ['LongStorage', 'int64', 8],
      ['HalfStorage', 'float16', 2],
      ['BFloat16Storage', 'bfloat16', 2],
      ['FloatStorage', 'float32', 4],
      ['DoubleStorage', 'float64', 8],
      ['ComplexFloatStorage', 'complex64', 8],
      ['ComplexDoubleStorage', 'complex128', 16],
      ['QInt8Storage', 'qint8', 1],
      ['QUInt8Storage', 'quint8', 1],
      ['QInt32Storage', 'qint32', 4],
      ['QUInt4x2Storage', 'quint4x2', 1],
      ['QUInt2x4Storage', 'quint2x4', 1],
    ] as const
  ).map(([name, dtype, bytesPerElement]) => [name, { dtype, bytesPerElement }]),
);

/** The storage that a persistent id describes: ('storage', class, key, device, elements[, part]); null when it describes none. */
export function storageOf({ id }: PicklePersistent): TorchStorage | null {
  if (!Array.isArray(id)) return null;
  const [kind, type, key, , elements, part] = id;
  if (kind !== 'storage' || !(type instanceof PickleGlobal)) return null;
  const known = STORAGE_TYPES.get(type.name);
  if (known === undefined || (typeof key !== 'string' && typeof key !== 'number') || !isCount(elements)) return null;
  const storage = { key: String(key), ...known, elements };
  if (part === undefined || part === null) return { ...storage, part: null };
  if (!Array.isArray(part) || !isCount(part[1]) || !isCount(part[2])) return null;
  return { ...storage, part: { offset: part[1], elements: part[2] } };
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
