import { counted, number, percent } from '../../../src/words/numbers';
import { levelWord } from '../../../src/words/verdict';
import type { ChartTable, Reading } from '../../view-model/chart';
import { type RunPicture, TIMELINE_QUANTITIES, type TimelineQuantity } from '../protocol';
import { measureAt, newestWith, valueAt } from './measures';
import { baselineIndex, matrixLabels } from './names';
import { hasShare, quantityWords, valueText } from './quantities';

const TABULATED = 200;
/** Share of the differences that the scale of colours holds: a few that are far off leave the others their colour. */
const WITHIN_SCALE = 0.98;

/** One quantity of each layer at each checkpoint, beside the baseline's. */
export interface LayersModel {
  /** Of the quantity. */
  readonly label: string;
  readonly summary: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Index into the run's matrices of each row. */
  readonly matrices: readonly number[];
  /** rows x columns, row-major, in [-1, 1]: how far below or above the baseline; NaN where there is none. */
  readonly tones: Float32Array;
  /** What the ends of the scale, -1 and 1, stand for. */
  readonly scale: readonly [string, string];
  readonly table: ChartTable;
  reading(row: number, column: number): Reading;
}

/** Weights; of a run without any, the sets of embeddings, which may well be those of its layers. */
function layersOf({ matrices }: RunPicture): number[] {
  const weights = matrices.flatMap(({ weights }, index) => (weights ? [index] : []));
  if (weights.length > 0) return weights;
  return matrices.length > 1 ? [...matrices.keys()] : [];
}

/** Quantities that some layer has. */
export function layerQuantities(run: RunPicture): TimelineQuantity[] {
  const layers = layersOf(run);
  // These two are about the baseline already.
  return TIMELINE_QUANTITIES.filter(
    (id) => id !== 'uCovDrift' && id !== 'evidence' && layers.some((layer) => run.matrices[layer]!.quantities[id] !== undefined),
  );
}

/** Null without a baseline to compare with, and where there are no layers. */
export function layersModel(run: RunPicture, quantity: TimelineQuantity): LayersModel | null {
  const { checkpoints } = run;
  const baseline = baselineIndex(run);
  const matrices = layersOf(run);
  if (matrices.length === 0 || baseline < 0) return null;
  const rows = matrixLabels(matrices.map((layer) => run.matrices[layer]!));
  const { label } = quantityWords(quantity);
  const shares = hasShare(quantity);
  const width = checkpoints.length;
  const changes = new Float64Array(rows.length * width);
  matrices.forEach((layer, row) => {
    const before = valueAt(run, layer, quantity, baseline);
    for (let column = 0; column < width; column++) {
      const now = valueAt(run, layer, quantity, column);
      changes[row * width + column] = shares ? now / (before || Number.NaN) : now - before;
    }
  });
  const changeText = (change: number) =>
    shares ? `${percent(change)} of the baseline's` : `${change > 0 ? '+' : ''}${number(change)} since the baseline`;
  const extreme = shares ? 1 : reach(changes);
  const newest = matrices
    .map((layer, row) => {
      const column = newestWith(run, layer, quantity);
      return { row, column, change: changes[row * width + column] ?? Number.NaN };
    })
    .filter(({ change }) => Number.isFinite(change))
    .sort((a, b) => a.change - b.change);
  return {
    label,
    rows,
    matrices,
    columns: checkpoints.map(({ name }) => name),
    tones: Float32Array.from(changes, (change) => {
      const tone = shares ? Math.log2(change) : change / extreme;
      return Math.min(1, Math.max(-1, tone));
    }),
    scale: shares ? ['50 % or less', '200 % or more'] : [`${number(-extreme)} or less`, `+${number(extreme)} or more`],
    summary: summary(label, rows, shares, newest),
    reading: (row, column) => {
      const { name, level } = checkpoints[column]!;
      const measure = measureAt(run, matrices[row]!, quantity, column);
      const change = changes[row * width + column]!;
      const parts = [
        measure === null ? 'not there' : `${label.charAt(0).toLowerCase()}${label.slice(1)} ${valueText(quantity, measure)}`,
        ...(Number.isFinite(change) ? [changeText(change)] : []),
      ];
      return { heading: rows[row]!, lines: [`${name}, ${levelWord(level).toLowerCase()}`, ...parts] };
    },
    table: {
      caption:
        newest.length > TABULATED
          ? `The ${TABULATED} of ${counted(newest.length, 'layer')} that have fallen most`
          : `${label} of each layer, those first that have fallen most`,
      columns: ['Layer', 'Baseline', 'Newest', shares ? 'Left' : 'Change'],
      rows: newest
        .slice(0, TABULATED)
        .map(({ row, column, change }) => [
          rows[row]!,
          number(valueAt(run, matrices[row]!, quantity, baseline)),
          number(valueAt(run, matrices[row]!, quantity, column)),
          shares ? percent(change) : number(change),
        ]),
    },
  };
}

/** The size that nearly all of the differences stay below; 1 where nothing differs. */
function reach(changes: Float64Array): number {
  const sizes = changes.filter(Number.isFinite).map(Math.abs).sort();
  return sizes[Math.ceil(WITHIN_SCALE * sizes.length) - 1] || sizes.at(-1) || 1;
}

function summary(
  label: string,
  rows: readonly string[],
  shares: boolean,
  newest: readonly { readonly row: number; readonly change: number }[],
): string {
  const layers = counted(rows.length, 'layer');
  const what = shares
    ? `${label} of ${layers}, as a share of what each had at the baseline.`
    : `${label} of ${layers}, less what each had at the baseline.`;
  const [least] = newest;
  if (least === undefined) return what;
  const name = rows[least.row]!;
  if (shares)
    return least.change < 1 ? `${what} The most is lost in ${name}: ${percent(least.change)} is left.` : `${what} No layer has lost any.`;
  return least.change < 0 ? `${what} It has fallen most in ${name}: by ${number(-least.change)}.` : `${what} It has fallen in no layer.`;
}
