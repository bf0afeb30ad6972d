/** How the axes of a tensor become the rows and columns of a matrix. */
export interface Flattening {
  /** Null when the tensor has no sensible matrix; `note` then says why. */
  readonly matrix: { readonly rows: number; readonly columns: number } | null;
  /** The first `rowAxes` axes index the rows, the others the columns. */
  readonly rowAxes: number;
  /** What was done, as a sentence; null for a plain 2-D tensor. */
  readonly note: string | null;
}

/** `weight`, `conv1.weight`, `in_proj_weight`, `weight_orig`, ... */
const WEIGHT = /(^|[./_])weight(_[a-z]+)?$/i;

/**
 * The matrix of a tensor, by one rule for all formats:
 * two axes are rows and columns; of more, a tensor named as a weight (PyTorch's convolution kernels, output channels first) is
 * first axis x the rest, and anything else (embeddings per batch and token, Keras and JAX kernels, output channels last) is
 * leading axes merged x last axis.
 */
export function flatten(name: string, shape: readonly number[]): Flattening {
  const text = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const none = (note: string): Flattening => ({ matrix: null, rowAxes: 0, note });
  if (shape.length === 0) return none('A single number has no spectrum.');
  const elements = product(shape);
  if (elements === 0) return none(`Shape ${text} holds no elements.`);
  if (shape.length === 1) return none('A vector has no spectrum: one axis only.');
  if (!Number.isSafeInteger(elements)) return none(`Shape ${text} has more elements than can be counted.`);

  const isWeight = shape.length > 2 && WEIGHT.test(name);
  const rowAxes = isWeight ? 1 : shape.length - 1;
  const rows = product(shape.slice(0, rowAxes));
  const columns = product(shape.slice(rowAxes));
  const notes: string[] = [];
  if (isWeight) {
    notes.push(`Shape ${text} is flattened to ${rows} x ${columns}: the first axis (output channels) by the rest.`);
  } else if (shape.length > 2) {
    notes.push(`Shape ${text} is flattened to ${rows} x ${columns}: the leading axes are merged into rows.`);
  }
  if (rows === 1) notes.push('One row has a single direction: its spectrum says nothing about spread.');
  else if (columns === 1) notes.push('One column has a single direction: its spectrum says nothing about spread.');
  return { matrix: { rows, columns }, rowAxes, note: notes.length === 0 ? null : notes.join(' ') };
}

/**
 * Strides of the flattened matrix, or null when the axes of rows or of columns do not lie evenly in memory.
 * Merged axes may run in either order (last or first axis fastest): the order of rows and of columns does not change a spectrum.
 *
 * @param strides in elements, one per axis of `shape`
 */
export function matrixStrides(
  shape: readonly number[],
  strides: readonly number[],
  rowAxes: number,
): { readonly rowStride: number; readonly columnStride: number } | null {
  const axes = shape.map((size, i) => ({ size, stride: strides[i]! }));
  const rowStride = mergedStride(axes.slice(0, rowAxes));
  const columnStride = mergedStride(axes.slice(rowAxes));
  return rowStride === null || columnStride === null ? null : { rowStride, columnStride };
}

interface Axis {
  readonly size: number;
  readonly stride: number;
}

function mergedStride(axes: readonly Axis[]): number | null {
  const long = axes.filter((axis) => axis.size !== 1);
  if (long.length === 0) return 1;
  const evenly = (a: Axis, i: number, all: readonly Axis[]) => i === 0 || a.stride === all[i - 1]!.size * all[i - 1]!.stride;
  for (const fastestFirst of [long, long.toReversed()]) if (fastestFirst.every(evenly)) return fastestFirst[0]!.stride;
  return null;
}

/** Strides in elements of a contiguous tensor, last axis fastest (C order) or first axis fastest (Fortran order). */
export function contiguousStrides(shape: readonly number[], order: 'C' | 'F'): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let k = 0; k < shape.length; k++) {
    const axis = order === 'C' ? shape.length - 1 - k : k;
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
