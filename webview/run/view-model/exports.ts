import { levelWord, runVerdictModel } from '../../../src/words/verdict';
import { type DataTable, markdownTable, markdownText } from '../../export/files';
import type { RunPicture, TimelineQuantity } from '../protocol';
import type { CheckpointTable } from './checkpoints';
import type { LayersModel } from './layers';
import { valueAt } from './measures';
import { outlook } from './outlook';

/** Each layer at each checkpoint, in full; a row for each layer, a column for each checkpoint. */
export function layersData(run: RunPicture, { matrices }: LayersModel, quantity: TimelineQuantity): DataTable {
  return {
    columns: ['file', 'tensor', ...run.checkpoints.map(({ name }) => name)],
    rows: matrices.map((matrix) => {
      const { file, tensor } = run.matrices[matrix]!;
      const values = run.checkpoints.map((_, column) => valueAt(run, matrix, quantity, column));
      return [file, tensor, ...values.map((value) => (Number.isNaN(value) ? null : value))];
    }),
  };
}

/** What the map says, and its table. */
export function layersMarkdown({ label, summary, table }: LayersModel): string {
  return `### ${markdownText(`Layers: ${label}`)}\n\n${markdownText(summary)}\n\n${markdownTable(table.columns, table.rows)}`;
}

/** The run to paste into an issue or a pull request: verdict first, then since when and where to, then the checkpoints. */
export function runMarkdown(run: RunPicture, table: CheckpointTable): string {
  const { reasons, sample } = runVerdictModel(run);
  const entries = outlook(run).map(({ term, value }) => `- ${markdownText(`${term}: ${value}`)}`);
  return [
    `## ${levelWord(run.level)}: ${markdownText(run.name)}`,
    reasons.map((reason) => `- ${markdownText(reason)}`).join('\n'),
    markdownText(sample),
    ...(entries.length > 0 ? [entries.join('\n')] : []),
    ...(table.subject === '' ? [] : [markdownText(table.subject)]),
    markdownTable(
      ['Checkpoint', 'Step', 'Level', ...table.columns],
      table.rows.map(({ name, step, level, cells }) => [name, step, level, ...cells]),
    ).trimEnd(),
  ]
    .join('\n\n')
    .concat('\n');
}
