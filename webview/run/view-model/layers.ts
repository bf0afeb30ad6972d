import { counted, number, percent } from '../../../src/words/numbers';
import { levelWord } from '../../../src/words/verdict';
import type { ChartTable, Reading } from '../../view-model/chart';
import type { RunPicture } from '../protocol';
import { baselineIndex, matrixLabels } from './names';

const TABULATED = 200;

/** Effective rank of each weight matrix at each checkpoint, as a share of the baseline's. */
export interface LayersModel {
  readonly summary: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** rows x columns, row-major; NaN where there is none. */
  readonly shares: Float32Array;
  readonly table: ChartTable;
  reading(row: number, column: number): Reading;
}

/** Null without a baseline to be a share of, and where no checkpoint holds weights. */
export function layersModel(run: RunPicture): LayersModel | null {
  const { checkpoints, layers } = run;
  const baseline = checkpoints[baselineIndex(run)];
  if (layers.length === 0 || baseline === undefined) return null;
  const rows = matrixLabels(layers);
  const rank = (row: number, column: number) => checkpoints[column]!.layers[row] ?? Number.NaN;
  const share = (row: number, column: number) => rank(row, column) / (baseline.layers[row] || Number.NaN);
  const shares = Float32Array.from({ length: rows.length * checkpoints.length }, (_, cell) =>
    share(Math.floor(cell / checkpoints.length), cell % checkpoints.length),
  );
  const newest = rows
    .map((name, row) => {
      const column = checkpoints.findLastIndex(({ layers }) => layers[row] !== null);
      return { name, row, column, share: share(row, column) };
    })
    .filter(({ share }) => Number.isFinite(share))
    .sort((a, b) => a.share - b.share);
  return {
    rows,
    columns: checkpoints.map(({ name }) => name),
    shares,
    summary: summary(rows.length, newest[0]?.share ?? Number.NaN, newest[0]?.name ?? ''),
    reading: (row, column) => {
      const { name, level } = checkpoints[column]!;
      const at = rank(row, column);
      const of = share(row, column);
      const parts = [
        Number.isFinite(at) ? `effective rank ${number(at)}` : 'not there',
        ...(Number.isFinite(of) ? [`${percent(of)} of the baseline's`] : []),
      ];
      return { heading: rows[row]!, lines: [`${name}, ${levelWord(level).toLowerCase()}`, ...parts] };
    },
    table: {
      caption:
        newest.length > TABULATED
          ? `The ${TABULATED} of ${counted(newest.length, 'layer')} that have lost most effective rank`
          : 'Effective rank of each layer, those first that have lost most',
      columns: ['Layer', 'Baseline', 'Newest', 'Left'],
      rows: newest
        .slice(0, TABULATED)
        .map(({ name, row, column, share }) => [name, number(baseline.layers[row]!), number(rank(row, column)), percent(share)]),
    },
  };
}

function summary(layers: number, least: number, name: string): string {
  const what = `Effective rank of ${counted(layers, 'layer')}, as a share of what each had at the baseline.`;
  if (!Number.isFinite(least)) return what;
  return least < 1 ? `${what} The most is lost in ${name}: ${percent(least)} is left.` : `${what} No layer has lost any.`;
}
