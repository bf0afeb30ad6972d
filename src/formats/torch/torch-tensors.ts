import { FormatError } from '../format-error';
import { PickleCall, PickleDict, PickleGlobal, PickleList, PicklePersistent, type PickleValue } from './pickle';
import { isCount, storageOf, type TorchStorage } from './torch-storage';

export interface StorageView {
  readonly storage: TorchStorage;
  /** Of the first element, and from one element to the next along each axis; in elements. */
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A tensor that a pickle describes: a view of a storage. */
export interface TorchTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Null when the file does not hold its elements as a strided array; `note` then says why. */
  readonly view: StorageView | null;
  readonly note: string | null;
}

export interface NamedTensor extends TorchTensor {
  readonly name: string;
}

const MAX_NAME = 1000;
const MAX_NAMES_TOGETHER = 2 ** 26;

/**
 * Every tensor in a pickled object, by the path that leads to it: keys, list positions and attributes, joined by dots.
 * The `_parameters`, `_buffers` and `_modules` of a module are left out of the path, as in `state_dict()`.
 * A tensor that is reached by several paths is listed under each; a list, dict or object only where it is met first.
 *
 * @throws FormatError when the names together take more memory than any checkpoint's
 */
export function findTensors(root: PickleValue, path: string): { readonly tensors: NamedTensor[]; readonly warnings: string[] } {
  const tensors: NamedTensor[] = [];
  const timesUsed = new Map<string, number>();
  const visited = new Set<PickleValue>();
  const open: { name: string; children: Iterator<Child> }[] = [{ name: '', children: [[null, root] as Child].values() }];
  let names = 0;
  let tooLong = false;

  for (let parent = open.at(-1); parent !== undefined; parent = open.at(-1)) {
    const next = parent.children.next();
    if (next.done) {
      open.pop();
      continue;
    }
    const [key, value] = next.value;
    if (typeof value !== 'object' || value === null || value instanceof PickleGlobal || visited.has(value)) continue;
    const name = key === null ? parent.name : parent.name === '' ? String(key) : `${parent.name}.${key}`;
    if (name.length > MAX_NAME || open.length > MAX_NAME) {
      tooLong = true;
      continue;
    }
    const tensor = value instanceof PickleCall ? tensorOf(value) : null;
    if (tensor !== null) {
      names += name.length;
      if (names > MAX_NAMES_TOGETHER) {
        throw new FormatError(path, null, 'the names of its tensors take more than 64 MB, far more than any checkpoint needs.');
      }
      const times = (timesUsed.get(name) ?? 0) + 1;
      timesUsed.set(name, times);
      tensors.push({ ...tensor, name: times === 1 ? name : `${name} (${times})` });
    } else {
      visited.add(value);
      open.push({ name, children: childrenOf(value) });
    }
  }
  return { tensors, warnings: tooLong ? ['Parts of the file are nested too deeply to be a model, and were not looked at.'] : [] };
}

/** A step down: the word that it adds to the path, or null for none. */
type Child = readonly [key: string | number | null, value: PickleValue];

const TRANSPARENT = new Set<PickleValue>(['_parameters', '_buffers', '_modules']);

function* childrenOf(value: PickleValue): Generator<Child> {
  if (Array.isArray(value)) yield* positions(value);
  else if (value instanceof PickleList) yield* positions(value.items);
  else if (value instanceof PickleDict) yield* namedEntries(value);
  else if (value instanceof PickleCall) {
    if (isGlobal(value.callee, 'collections', 'OrderedDict')) yield* pairs(value.args);
    else if (Array.isArray(value.args)) yield* positions(value.args);
    if (value.list !== null) yield* positions(value.list.items);
    if (value.dict !== null) yield* namedEntries(value.dict);
    yield* attributes(value.state);
  }
}

/** The state of an object: a dict, a pair of dicts where its class has `__slots__`, or something of its own. */
function* attributes(state: PickleValue): Generator<Child> {
  const parts = Array.isArray(state) ? state : [state];
  if (!parts.every((part) => part === null || part instanceof PickleDict)) yield [null, state];
  else
    for (const part of parts) for (const [key, value] of part?.entries() ?? []) yield [TRANSPARENT.has(key) ? null : keyName(key), value];
}

function* positions(items: readonly PickleValue[]): Generator<Child> {
  for (let i = 0; i < items.length; i++) yield [i, items[i] as PickleValue];
}

function* namedEntries(dict: PickleDict): Generator<Child> {
  for (const [key, value] of dict.entries()) yield [keyName(key), value];
}

/** Python 2 pickles an OrderedDict as a call with a list of pairs. */
function* pairs(args: PickleValue): Generator<Child> {
  const list = Array.isArray(args) ? args[0] : null;
  if (!(list instanceof PickleList)) return;
  for (const pair of list.items) {
    const [key, value] = pair instanceof PickleList ? pair.items : Array.isArray(pair) ? pair : [];
    if (key !== undefined && value !== undefined) yield [keyName(key), value];
  }
}

function keyName(key: PickleValue): string {
  if (key === null) return 'None';
  if (Array.isArray(key)) return `(${key.map((part) => (typeof part === 'object' ? '...' : String(part))).join(', ')})`;
  return typeof key === 'object' ? '...' : String(key);
}

function isGlobal(value: PickleValue | undefined, module: string, name: string): boolean {
  return value instanceof PickleGlobal && value.module === module && value.name === name;
}

/** Calls that wrap one tensor in another kind of object, by the position of the tensor among the arguments. */
const WRAPPERS: ReadonlyMap<string, number> = new Map([
  ['torch._utils._rebuild_parameter', 0],
  ['torch._utils._rebuild_parameter_with_state', 0],
  ['torch._utils._rebuild_device_tensor_from_cpu_tensor', 0],
  ['torch.nn.parameter.Parameter', 0],
]);
// No file wraps a tensor more often; a hostile one can wrap it in itself.
const MAX_WRAPPERS = 8;

type Rebuild = (args: readonly PickleValue[]) => TorchTensor | null;

/** Functions of `torch/_utils.py` and NumPy that make a tensor of their arguments; null when the arguments are not theirs. */
const REBUILDERS: ReadonlyMap<string, Rebuild> = new Map<string, Rebuild>([
  ['torch._utils._rebuild_tensor', (args) => strided(args, null)],
  ['torch._utils._rebuild_tensor_v2', (args) => flagged(strided(args, null), args[6])],
  ['torch._utils._rebuild_tensor_v3', (args) => flagged(strided(args, dtypeOf(args[6])), args[7])],
  ['torch._utils._rebuild_qtensor', ([storage, , size]) => listed(storageType(storage), size, QUANTISED)],
  ['torch._utils._rebuild_sparse_tensor', ([, data]) => sparse(data)],
  ['torch._utils._rebuild_sparse_csr_tensor', ([, data]) => sparse(data)],
  [
    'torch._utils._rebuild_meta_tensor_no_storage',
    ([dtype, size]) => listed(dtypeOf(dtype), size, 'The file describes this tensor but holds no elements for it.'),
  ],
  [
    'torch._utils._rebuild_wrapper_subclass',
    ([, dtype, size]) => listed(dtypeOf(dtype), size, 'A tensor of a class of its own, whose elements are not here.'),
  ],
  ['torch._utils._rebuild_nested_tensor', () => listed(null, [], 'A nested tensor has rows of unequal length.')],
  ['torch._utils._rebuild_device_tensor_from_numpy', ([, dtype]) => listed(dtypeOf(dtype), [], IN_PICKLE)],
  ['torch._utils._rebuild_xla_tensor', ([, dtype]) => listed(dtypeOf(dtype), [], IN_PICKLE)],
]);

const QUANTISED = 'Quantised: its codes are numbers only together with their scale; save a dequantised copy of it.';
const IN_PICKLE = 'A NumPy array inside the pickle cannot be read yet; save it as a tensor or as .npy.';
const NOT_UNDERSTOOD = 'Its description in the pickle is damaged or of an unknown kind.';

/** The tensor that a call makes, or null when it makes something else. */
function tensorOf(call: PickleCall): TorchTensor | null {
  let { callee, args } = call;
  for (let depth = 0; depth < MAX_WRAPPERS && callee instanceof PickleGlobal && Array.isArray(args); depth++) {
    const name = callee.toString();
    if (NUMPY_RECONSTRUCT.test(name)) return numpyArray(call);
    const rebuild = REBUILDERS.get(name);
    if (rebuild !== undefined) return rebuild(args) ?? listed(null, [], NOT_UNDERSTOOD);
    if (REBUILD_FROM_TYPE.test(name)) {
      // (function, class, arguments[, state])
      [callee, , args] = args as [PickleValue, PickleValue, PickleValue];
      continue;
    }
    const position = WRAPPERS.get(name);
    const inner = position === undefined ? undefined : args[position];
    if (!(inner instanceof PickleCall)) return null;
    ({ callee, args } = inner);
  }
  return null;
}

const REBUILD_FROM_TYPE = /^torch\._?tensor\._rebuild_from_type(_v2)?$/;
const NUMPY_RECONSTRUCT = /^numpy\._?core\.multiarray\._reconstruct$/;

/** (storage, offset, size, stride, ...) */
function strided(args: readonly PickleValue[], dtype: string | null): TorchTensor | null {
  const [reference, offset, size, stride] = args;
  const storage = reference instanceof PicklePersistent ? storageOf(reference) : null;
  const shape = sizes(size);
  const strides = sizes(stride);
  if (storage === null || !isCount(offset) || shape === null || strides === null || strides.length !== shape.length) return null;
  return { dtype: dtype ?? storage.dtype, shape, view: { storage, offset, strides }, note: null };
}

/** A lazily conjugated or negated tensor holds the opposite of its numbers. */
function flagged(tensor: TorchTensor | null, flags: PickleValue | undefined): TorchTensor | null {
  const set = flags instanceof PickleDict && [...flags.entries()].some(([, value]) => value === true);
  return tensor === null || !set
    ? tensor
    : { ...tensor, view: null, note: 'Saved with a pending conjugation or change of sign; save a resolved copy of it.' };
}

function listed(dtype: string | null, size: PickleValue | undefined, note: string): TorchTensor {
  return { dtype: dtype ?? 'unknown', shape: sizes(size) ?? [], view: null, note };
}

/** (indices, values, size[, coalesced]) or (compressed, plain, values, size) */
function sparse(data: PickleValue | undefined): TorchTensor {
  const parts = Array.isArray(data) ? data : [];
  const at = parts.findIndex((part) => sizes(part) !== null);
  const values = parts[at - 1];
  const dtype = values instanceof PickleCall ? (tensorOf(values)?.dtype ?? null) : null;
  return listed(dtype, parts[at], 'Sparse tensors cannot be read yet; save a dense copy of it.');
}

/** Its state is (version, shape, type, whether first axis fastest, bytes). */
function numpyArray({ state }: PickleCall): TorchTensor {
  const [, size, type] = Array.isArray(state) ? state : [];
  const code = type instanceof PickleCall && Array.isArray(type.args) ? type.args[0] : null;
  return listed(typeof code === 'string' ? code : null, size, IN_PICKLE);
}

function storageType(reference: PickleValue | undefined): string | null {
  return reference instanceof PicklePersistent ? (storageOf(reference)?.dtype ?? null) : null;
}

/** `torch.bfloat16` -> `bfloat16`. */
function dtypeOf(value: PickleValue | undefined): string | null {
  return value instanceof PickleGlobal && value.module === 'torch' ? value.name : null;
}

/** A tuple of sizes, bare or as `torch.Size`. */
export function sizes(value: PickleValue | undefined): number[] | null {
  const list = value instanceof PickleCall && isGlobal(value.callee, 'torch', 'Size') && Array.isArray(value.args) ? value.args[0] : value;
  return Array.isArray(list) && list.every(isCount) ? (list as number[]) : null;
}
