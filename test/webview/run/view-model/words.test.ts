import { describe, expect, test } from 'vitest';
import { runVerdictModel } from '../../../../src/words/verdict';
import { checkpointTable } from '../../../../webview/run/view-model/checkpoints';
import { outlook, runHeader } from '../../../../webview/run/view-model/outlook';
import { collapsingPicture } from '../runs';

const run = collapsingPicture({ layers: 3 });

describe('verdict of a run', () => {
  const reasons = Array.from({ length: 9 }, (_, index) => ({ code: 'weight-narrowed', message: `Layer ${index}.` }));

  test('a word, a shape, reasons as far as they can be read, and what people do', () => {
    expect(runVerdictModel({ level: 'collapsed', baseline: 'a', reasons })).toMatchObject({
      word: 'Collapsed',
      icon: 'cross',
      reasons: ['Layer 0.', 'Layer 1.', 'Layer 2.', 'Layer 3.', 'Layer 4.', 'Layer 5.', 'And 3 more findings.'],
      advice: ['Do not train on from here: go back to the last healthy checkpoint, and mix original data back in.'],
      sample: 'Every checkpoint is compared with a, the baseline.',
    });
  });

  test('advice for single files is none for a run', () => {
    const message = 'Needs 1 more checkpoint.';
    for (const level of ['unknown', 'watch', 'healthy'] as const) {
      expect(runVerdictModel({ level, baseline: 'a', reasons: [{ code: 'x', message }] }).advice).toEqual([]);
    }
    expect(runVerdictModel({ level: 'unknown', baseline: null, reasons: [] }).sample).toBe('No checkpoint is analysed yet.');
  });
});

test('baseline, onset, alarm and forecast, each with its words', () => {
  const entries = outlook(collapsingPicture());
  expect(entries.map(({ term }) => term)).toEqual(['Baseline', 'Onset', 'Alarm', 'Forecast']);
  expect(entries[0]!.value).toMatch(/^generation-0, step 0, effective rank 3\d\.\d+$/);
  expect(entries[3]!.value).toMatch(/^Effective rank is forecast to fall below .* at step 1,\d+, between .* \(90 %\)$/);
  expect(outlook({ ...run, baseline: null, onset: null, alarm: null, forecast: null })).toEqual([]);
});

test('the header counts what there is', () => {
  expect(runHeader(run)).toMatchObject({ title: 'runs/exp1', tensor: '/work/runs/exp1' });
  expect(runHeader(run).facts).toEqual(['12 checkpoints', '1 set of embeddings', '3 layers']);
});

test('the table has the newest checkpoint first, its level in words, and a column for what there is', () => {
  const { columns, rows } = checkpointTable(run, 0);
  expect(columns).toEqual([
    'Effective rank',
    'Shape (log sphericity) (nats)',
    'Log scale (nats)',
    'Participation ratio',
    'Mean cosine',
    'U_cov drift',
    'Evidence of a change',
    'Least rank left of a layer',
  ]);
  expect(rows.map(({ name, level }) => [name, level])).toContainEqual(['generation-4', expect.stringMatching(/, onset$/)]);
  expect(rows[0]).toMatchObject({ name: 'generation-11', step: '1,100' });
  expect(rows.at(-1)).toMatchObject({ name: 'generation-0', level: 'Baseline' });
  expect(rows.at(-1)!.cells.slice(-3)).toEqual(['', '', '100 %']);
  const later = checkpointTable({ ...run, baseline: 'generation-2' }, 0).rows.map(({ level }) => level);
  expect(later.slice(-3)).toEqual(['Baseline', 'Before the baseline', 'Before the baseline']);
  expect(checkpointTable(collapsingPicture({ files: [], layers: 1 }), 0).columns).toContain('Least rank left of a layer');
  expect(checkpointTable(run, 1)).toMatchObject({ subject: 'The numbers are those of layers.0.q_proj.weight.' });
  expect(checkpointTable(collapsingPicture(), 0).subject).toBe('');
});
