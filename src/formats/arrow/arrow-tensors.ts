import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT } from '../matrices/elements';
import { MOST_COLUMNS } from '../matrices/strided-matrix';
import type { ColumnMatrix } from '../tables/column-matrix';
import { commonType, listedNames, MOST_NUMERIC_COLUMNS, NUMERIC_COLUMNS, numericColumns, numericNote } from '../tables/table-columns';
import type { ArrowTable } from './arrow-batches';
import { numbersMatrix, vectorLength, vectorMatrix } from './arrow-matrix';

/** Columns of vectors, and all columns of single numbers together as one more matrix. */
export async function tensorsOf(path: string, table: ArrowTable): Promise<ColumnMatrix[]> {
  const { columns, others, unread } = table.schema;
  const rows = table.batches.reduce((sum, batch) => sum + batch.rows, 0);
  const tensors: ColumnMatrix[] = [];
  for (const column of columns) {
    if (column.list === null) continue;
    const found = await vectorLength(table, column);
    const length = typeof found === 'number' && found > MOST_COLUMNS ? `Its rows are longer than ${MOST_COLUMNS} elements.` : found;
    const bytes = (table.elements.get(column.node) ?? 0) * BYTES_PER_ELEMENT[column.type];
    const info = { name: column.name, dtype: column.type, bytes };
    tensors.push(
      typeof length === 'string'
        ? { info: { ...info, shape: [rows], matrix: null, note: length }, open: null }
        : {
            info: { ...info, shape: [rows, length], matrix: { rows, columns: length }, note: null },
            open: () => vectorMatrix(table, column, length),
          },
    );
  }
  for (const { name, why } of unread) {
    tensors.push({ info: { name, dtype: 'list', shape: [rows], bytes: 0, matrix: null, note: why }, open: null });
  }
  const chosen = numericColumns(columns.filter(({ list }) => list === null));
  if (rows > 0 && chosen.length >= 2 && chosen.length <= MOST_NUMERIC_COLUMNS) {
    const info = {
      name: NUMERIC_COLUMNS,
      dtype: commonType(chosen),
      shape: [rows, chosen.length],
      bytes: rows * chosen.reduce((sum, column) => sum + BYTES_PER_ELEMENT[column.type], 0),
      matrix: { rows, columns: chosen.length },
      note: numericNote(chosen, columns.length + others.length + unread.length),
    };
    tensors.push({ info, open: () => numbersMatrix(table, chosen) });
  }
  if (tensors.length === 0) {
    const names = listedNames([...columns.map(({ name }) => name), ...others]);
    throw new FormatError(path, null, `no column holds vectors, and fewer than two hold numbers; its columns are ${names}.`);
  }
  return distinct(tensors);
}

/** Two columns may have one name. */
function distinct(tensors: readonly ColumnMatrix[]): ColumnMatrix[] {
  const taken = new Map<string, number>();
  return tensors.map(({ info, open }) => {
    const count = (taken.get(info.name) ?? 0) + 1;
    taken.set(info.name, count);
    return { info: count === 1 ? info : { ...info, name: `${info.name} (${count})` }, open };
  });
}
