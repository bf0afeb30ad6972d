import type { TensorInfo } from '../../src/formats/matrix-source';
import { count, counted } from '../../src/words/numbers';

/** More entries than this are not put on the page: the filter finds the others. */
export const LISTED = 200;

export interface TensorListModel {
  readonly entries: readonly TensorEntry[];
  /** What is not listed, in words; empty when all is. */
  readonly rest: string;
}

export interface TensorEntry {
  readonly name: string;
  readonly shape: string;
  readonly dtype: string;
  /** What was done to make it a matrix, or why it cannot be one. */
  readonly note: string;
  readonly selectable: boolean;
  readonly selected: boolean;
}

/** The tensors whose name holds every word of the filter, whatever the case, in the file's order. */
export function tensorList(tensors: readonly TensorInfo[], filter: string, selected: string | null): TensorListModel {
  const words = filter.toLowerCase().split(/\s+/);
  const found = tensors.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
  const hidden = found.length - LISTED;
  return {
    entries: found.slice(0, LISTED).map((tensor) => ({
      name: tensor.name,
      shape: shapeText(tensor.shape),
      dtype: tensor.dtype,
      note: tensor.note ?? (tensor.matrix === null ? 'Not a matrix.' : ''),
      selectable: tensor.matrix !== null,
      selected: tensor.name === selected,
    })),
    rest:
      found.length === 0
        ? 'No tensor has such a name.'
        : hidden > 0
          ? `${count(hidden)} more of ${counted(tensors.length, 'tensor')}: filter by name to see them.`
          : '',
  };
}

/** `1,000 × 100`; a scalar has no sides. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.map(count).join(' × ');
}
