import { count, percent } from '../../../src/words/numbers';
import { levelWord } from '../../../src/words/verdict';
import type { RunCheckpoint, RunPicture } from '../protocol';
import { baselineIndex } from './names';
import { quantityWords, valueText } from './quantities';
import { availableQuantities } from './timeline';

export interface CheckpointTable {
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

/** Numbers of one set of embeddings, by index into the run's, and what is left of the weights. A quantity that no checkpoint has gets no column. */
export function checkpointTable(run: RunPicture, embeddings: number): CheckpointTable {
  const baseline = run.checkpoints[baselineIndex(run)];
  const quantities = availableQuantities(run, embeddings);
  const words = (id: (typeof quantities)[number]) => {
    const { label, unit } = quantityWords(id);
    return unit === 'nats' ? `${label} (nats)` : label;
  };
  return {
    columns: [...quantities.map(words), ...(run.layers.length > 0 ? ['Least rank left of a layer'] : [])],
    rows: run.checkpoints
      .map((checkpoint, index) => ({
        name: checkpoint.name,
        step: count(checkpoint.step),
        level: levelText(run, checkpoint, index),
        cells: [
          ...quantities.map((id) => {
            const measure = checkpoint.embeddings[embeddings]?.[id];
            return measure === undefined ? '' : valueText(id, measure);
          }),
          ...(run.layers.length > 0 ? [leastLeft(checkpoint.layers, baseline?.layers ?? [])] : []),
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

function leastLeft(layers: readonly (number | null)[], baseline: readonly (number | null)[]): string {
  const shares = layers.flatMap((rank, row) => (rank !== null && baseline[row] ? [rank / baseline[row]] : []));
  return shares.length === 0 ? '' : percent(shares.reduce((least, share) => Math.min(least, share)));
}
