import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { ByteOrder, ElementType } from '../matrices/elements';
import { flatten, matrixStrides } from '../matrices/flatten';
import { stridedMatrix } from '../matrices/strided-matrix';
import type { MatrixSource, TensorFile, TensorInfo } from '../matrix-source';

/** Where the elements of a tensor lie: element (i, j, ...) is `i * strides[0] + j * strides[1] + ...` elements after `offset`. */
export interface StoredLayout {
  readonly source: ByteSource;
  /** Bytes. */
  readonly offset: number;
  readonly type: ElementType;
  readonly order: ByteOrder;
  /** In elements, one per axis. */
  readonly strides: readonly number[];
}

/** Opens the matrix of a tensor whose numbers are computed from codes. Its rows follow one another whole, however axes are merged. */
export type OpenMatrix = (rows: number, columns: number) => MatrixSource;

/** A tensor as the file's table of contents describes it. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Null when its elements cannot be read as numbers; `note` then says why. */
  readonly layout: StoredLayout | OpenMatrix | null;
  readonly note: string | null;
}

/** An opened model, its tensors as they are stored. */
export interface StoredModel {
  /** Of all files together. */
  readonly bytes: number;
  readonly tensors: readonly StoredTensor[];
  /** Sentences, see {@link TensorFile}. */
  readonly warnings: readonly string[];
  /** Lines that change when one of the files does. */
  readonly fingerprint: readonly string[];
  close(): Promise<void>;
}

/** A TensorFile over tensors that lie uncompressed in their files. */
export function storedTensorFile(file: Omit<TensorFile, 'tensors' | 'matrix'> & { readonly tensors: readonly StoredTensor[] }): TensorFile {
  const byName = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  return {
    ...file,
    tensors: file.tensors.map(describe),
    matrix(name) {
      const tensor = byName.get(name);
      if (tensor === undefined) throw new FormatError(file.path, null, `there is no tensor named ${JSON.stringify(name)}.`);
      const matrix = matrixOf(tensor);
      if (matrix.open === null) {
        throw new FormatError(file.path, null, `tensor ${JSON.stringify(name)} cannot be read as a matrix. ${matrix.note}`);
      }
      return matrix.open();
    },
  };
}

function describe(tensor: StoredTensor): TensorInfo {
  const { name, dtype, shape, bytes } = tensor;
  const { size, note } = matrixOf(tensor);
  return { name, dtype, shape, bytes, matrix: size, note };
}

type AsMatrix =
  | { readonly size: { readonly rows: number; readonly columns: number }; readonly open: () => MatrixSource; readonly note: string | null }
  | { readonly size: null; readonly open: null; readonly note: string | null };

/** The matrix that a tensor is read as. */
export function matrixOf(tensor: StoredTensor): AsMatrix {
  const { layout, shape } = tensor;
  const flat = flatten(tensor.name, shape);
  const withNote = (note: string | null) => [tensor.note, note].filter((text) => text !== null).join(' ') || null;
  if (layout === null) return { size: null, open: null, note: tensor.note };
  if (flat.matrix === null) return { size: null, open: null, note: withNote(flat.note) };

  const size = flat.matrix;
  const open = opener(layout, shape, flat.rowAxes, size);
  if (open === null) {
    return { size: null, open: null, note: withNote('Its axes do not lie evenly in memory; save a contiguous copy of it.') };
  }
  try {
    open();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { size: null, open: null, note: withNote(`It cannot be read: ${error.detail}`) };
  }
  return { size, open, note: withNote(flat.note) };
}

/** Null when its axes do not lie evenly in memory. */
function opener(
  layout: StoredLayout | OpenMatrix,
  shape: readonly number[],
  rowAxes: number,
  size: { readonly rows: number; readonly columns: number },
): (() => MatrixSource) | null {
  if (typeof layout === 'function') return () => layout(size.rows, size.columns);
  const { source, offset, type, order } = layout;
  const strides = matrixStrides(shape, layout.strides, rowAxes);
  return strides === null ? null : () => stridedMatrix(source, { offset, type, order, ...size, ...strides });
}
