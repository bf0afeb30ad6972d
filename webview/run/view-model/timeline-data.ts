import type { DataTable } from '../../export/files';
import type { RunPicture, TimelineQuantity } from '../protocol';
import { measureAt } from './measures';

/** A quantity of a matrix at each checkpoint that has it and that stands between these steps, in full. */
export function timelineData(
  run: RunPicture,
  matrix: number,
  quantity: TimelineQuantity,
  [from, to]: readonly [number, number],
): DataTable {
  const { file, tensor } = run.matrices[matrix]!;
  return {
    columns: ['checkpoint', 'step', 'level', 'file', 'tensor', quantity, 'exact', 'lower', 'upper'],
    rows: run.checkpoints.flatMap(({ name, step, level }, index) => {
      const measure = measureAt(run, matrix, quantity, index);
      if (measure === null || step < from || step > to) return [];
      const { value, exact, interval } = measure;
      return [[name, step, level, file, tensor, value, String(exact), interval?.[0] ?? null, interval?.[1] ?? null]];
    }),
  };
}
