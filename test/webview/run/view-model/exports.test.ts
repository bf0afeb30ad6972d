import { expect, test } from 'vitest';
import { checkpointTable } from '../../../../webview/run/view-model/checkpoints';
import { layersData, layersMarkdown, runMarkdown } from '../../../../webview/run/view-model/exports';
import { layersModel } from '../../../../webview/run/view-model/layers';
import { timelineModel } from '../../../../webview/run/view-model/timeline';
import { timelineData } from '../../../../webview/run/view-model/timeline-data';
import { collapsingPicture } from '../runs';

const run = collapsingPicture({ layers: 2 });

test('the timeline’s numbers are in full, with their intervals, and as far as it is zoomed', () => {
  const { columns, rows } = timelineModel(run, 0, 'participationRatio', [300, 500])!.chart.data!();
  expect(columns).toEqual(['checkpoint', 'step', 'level', 'file', 'tensor', 'participationRatio', 'exact', 'lower', 'upper']);
  expect(rows.map(([name]) => name)).toEqual(['generation-3', 'generation-4', 'generation-5']);
  const value = rows[0]![5] as number;
  expect(rows[0]).toEqual(['generation-3', 300, 'healthy', 'embeddings.npy', null, value, 'true', value - 0.9, value + 0.9]);
  expect(timelineData(run, 1, 'evidence', [0, 1e9]).rows).toEqual([]);
  expect(timelineData(run, 0, 'effectiveRank', [0, 1e9]).rows).toHaveLength(12);
});

test('the layers’ numbers are the values themselves, a column for each checkpoint', () => {
  const { columns, rows } = layersData(run, layersModel(run, 'effectiveRank')!, 'effectiveRank');
  expect(columns).toHaveLength(14);
  expect(rows.map((row) => row.slice(0, 3))).toEqual([
    ['model.safetensors', 'layers.0.q_proj.weight', 60],
    ['model.safetensors', 'layers.1.q_proj.weight', 60],
  ]);
  const gap = run.matrices.map((matrix, index) =>
    index === 1 ? { ...matrix, quantities: { effectiveRank: [60, ...Array(11).fill(null)] } } : matrix,
  );
  expect(layersData({ ...run, matrices: gap }, layersModel(run, 'effectiveRank')!, 'effectiveRank').rows[0]!.slice(2, 4)).toEqual([
    60,
    null,
  ]);
});

test('as Markdown a run is its verdict, its outlook and its checkpoints, and names are text', () => {
  const named = { ...run, name: 'exp*1*' };
  const text = runMarkdown(named, checkpointTable(named, 0));
  expect(text.split('\n')[0]).toBe('## Collapsing: exp\\*1\\*');
  for (const part of ['left its baseline at generation-4', '- Onset: generation-4', '| generation-11 | 1,100 | Collapsing |']) {
    expect(text).toContain(part);
  }
  expect(layersMarkdown(layersModel(run, 'effectiveRank')!)).toMatch(
    /^### Layers: Effective rank\n\n.*\n\n\| Layer \| Baseline \| Newest \| Left \|\n/,
  );
});
