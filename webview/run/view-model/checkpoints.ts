import { count, percent } from '../../../src/words/numbers';
import { levelWord } from '../../../src/words/verdict';
import type { RunCheckpoint, RunPicture, TimelineQuantity } from '../protocol';
import { measureAt, valueAt } from './measures';
import { baselineIndex, matrixLabels } from './names';
import { quantityWords, valueText } from './quantities';
import { availableQuantities } from './timeline';

/** Of those that a matrix has, the ones that a run is judged by, and what they are read with; the timeline shows the others. */
const COLUMNS: readonly TimelineQuantity[] = [
  'effectiveRank',
  'shape',
  'logScale',
  'participationRatio',
  'meanCosine',
  'uCovDrift',
  'evidence',
];

export interface CheckpointTable {
  /** A sentence on which matrix the numbers are of; empty where there is only one. */
  readonly subject: string;
  /** What the columns after name, step and level hold. */
  readonly columns: readonly string[];
  /** Newest first: training goes on from there. */
  readonly rows: readonly CheckpointRow[];
}

export interface CheckpointRow {
  readonly name: string;
  readonly step: string;
  readonly level: string;
  readonly cells: readonly string[];
}

/** Numbers of one matrix, by index into the run's, and what is left of the weights. A quantity that no checkpoint has gets no column. */
export function checkpointTable(run: RunPicture, matrix: number): CheckpointTable {
  const available = availableQuantities(run, matrix);
  const quantities = COLUMNS.filter((id) => available.includes(id));
  const words = (id: TimelineQuantity) => {
    const { label, unit } = quantityWords(id);
    return unit === 'nats' ? `${label} (nats)` : label;
  };
  const weights = run.matrices.flatMap(({ weights }, index) => (weights ? [index] : []));
  const name = run.matrices.length > 1 ? matrixLabels(run.matrices)[matrix] : undefined;
  return {
    subject: name === undefined ? '' : `The numbers are those of ${name}.`,
    columns: [...quantities.map(words), ...(weights.length > 0 ? ['Least rank left of a layer'] : [])],
    rows: run.checkpoints
      .map((checkpoint, index) => ({
        name: checkpoint.name,
        step: count(checkpoint.step),
        level: levelText(run, checkpoint, index),
        cells: [
          ...quantities.map((id) => {
            const measure = measureAt(run, matrix, id, index);
            return measure === null ? '' : valueText(id, measure);
          }),
          ...(weights.length > 0 ? [leastLeft(run, weights, index)] : []),
        ],
      }))
      .reverse(),
  };
}

function levelText(run: RunPicture, { name, level }: RunCheckpoint, index: number): string {
  const first = baselineIndex(run);
  if (index < first) return 'Before the baseline';
  const roles = [...(name === run.onset?.name ? ['onset'] : []), ...(name === run.alarm?.name ? ['alarm'] : [])];
  // Of the baseline alone nothing else can be said, unless it is broken by itself.
  if (index === first)
    return ['Baseline', ...(level === 'unknown' || level === 'healthy' ? [] : [levelWord(level).toLowerCase()])].join(', ');
  return [levelWord(level), ...roles].join(', ');
}

function leastLeft(run: RunPicture, weights: readonly number[], checkpoint: number): string {
  const baseline = baselineIndex(run);
  const shares = weights.map(
    (matrix) => valueAt(run, matrix, 'effectiveRank', checkpoint) / valueAt(run, matrix, 'effectiveRank', baseline),
  );
  const least = shares.filter(Number.isFinite).reduce((least, share) => Math.min(least, share), Infinity);
  return Number.isFinite(least) ? percent(least) : '';
}
