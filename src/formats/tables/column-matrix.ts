import { FormatError } from '../format-error';
import type { MatrixSource, TensorInfo } from '../matrix-source';

/** A column of vectors, or the numeric columns together. */
export interface ColumnMatrix {
  readonly info: TensorInfo;
  /** Null where it is no matrix. */
  readonly open: (() => MatrixSource) | null;
}

/** @throws FormatError when there is no such column, or it is no matrix */
export function openColumn(path: string, columns: ReadonlyMap<string, ColumnMatrix>, name: string): MatrixSource {
  const found = columns.get(name);
  if (found === undefined) throw new FormatError(path, null, `there is no column of vectors named ${JSON.stringify(name)}.`);
  if (found.open === null)
    throw new FormatError(path, null, `column ${JSON.stringify(name)} cannot be read as a matrix. ${found.info.note}`);
  return found.open();
}
