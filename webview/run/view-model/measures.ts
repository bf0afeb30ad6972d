import type { Measure, RunPicture, TimelineQuantity } from '../protocol';

/** A quantity of a matrix at a checkpoint; null where it has none. @param matrix, checkpoint indices into the run's */
export function measureAt(run: RunPicture, matrix: number, quantity: TimelineQuantity, checkpoint: number): Measure | null {
  const cell = run.matrices[matrix]?.quantities[quantity]?.[checkpoint] ?? null;
  return typeof cell === 'number' ? { value: cell, exact: true, interval: null } : cell;
}

/** The same as a bare number; NaN where there is none. */
export function valueAt(run: RunPicture, matrix: number, quantity: TimelineQuantity, checkpoint: number): number {
  const cell = run.matrices[matrix]?.quantities[quantity]?.[checkpoint] ?? null;
  return typeof cell === 'object' ? (cell?.value ?? Number.NaN) : cell;
}

/** The newest checkpoint at which it has a value; -1 where none has. */
export function newestWith(run: RunPicture, matrix: number, quantity: TimelineQuantity): number {
  return run.matrices[matrix]?.quantities[quantity]?.findLastIndex((cell) => cell !== null) ?? -1;
}
