import { displayWidth, padTo } from './printable';
import type { Style } from './style';

export interface Column {
  readonly heading: string;
  readonly align: 'left' | 'right';
}

const GAP = '  ';

/** Cells in columns as wide as their widest cell. Cells may be coloured. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string[] {
  const widths = columns.map((column, j) => Math.max(displayWidth(column.heading), ...rows.map((row) => displayWidth(row[j]!))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, j) => padTo(cell, widths[j]!, columns[j]!.align))
      .join(GAP)
      .trimEnd();
  return [style.dim(line(columns.map((column) => column.heading))), ...rows.map(line)];
}

/** Width of the table without what stands in `column`. */
export function widthBeside(column: number, columns: readonly Column[], rows: readonly (readonly string[])[]): number {
  return columns.reduce(
    (sum, { heading }, j) =>
      j === column ? sum : sum + Math.max(displayWidth(heading), ...rows.map((row) => displayWidth(row[j]!))) + GAP.length,
    0,
  );
}
