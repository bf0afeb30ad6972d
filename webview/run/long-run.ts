import { type Column, type RunHostMessage, type RunMatrix, type RunPicture, TIMELINE_QUANTITIES } from './protocol';

type LongRun = Extract<RunHostMessage, { type: 'longRun' }>;
type Columns = Extract<RunHostMessage, { type: 'columns' }>;

/** Puts a long run together, whose measures come in pieces: all at once they would keep the host busy for seconds. */
export class LongRunAssembly {
  #run: RunPicture | null = null;
  #columns: (Column | null)[] = [];

  begin({ run, places }: LongRun): void {
    this.#columns = places.map((place) => (place === null ? null : (this.#columns[place] ?? null)));
    this.#run = run;
  }

  take({ columns }: Columns): void {
    for (const { place, column } of columns) if (place in this.#columns) this.#columns[place] = column;
  }

  /** With the measures that came. Null before any run. */
  get run(): RunPicture | null {
    const run = this.#run;
    if (run === null) return null;
    return { ...run, matrices: run.matrices.map((matrix, row) => withMeasures(matrix, this.#columns, row)) };
  }
}

/** @param columns of the checkpoints, null where there is none @param row of the matrix in each */
export function withMeasures(matrix: RunMatrix, columns: readonly (Column | null)[], row: number): RunMatrix {
  const quantities: Partial<Record<(typeof TIMELINE_QUANTITIES)[number], RunMatrix['quantities']['shape']>> = {};
  for (const [k, id] of TIMELINE_QUANTITIES.entries()) {
    const cells = columns.map((column) => column?.[row]?.[k] ?? null);
    if (cells.some((cell) => cell !== null)) quantities[id] = cells;
  }
  return { ...matrix, quantities };
}
