import { expect, test } from 'vitest';
import type { RunPicture } from '../../../../webview/run/protocol';
import { layersModel } from '../../../../webview/run/view-model/layers';
import { matrixLabels } from '../../../../webview/run/view-model/names';
import { collapsingPicture } from '../runs';

const LAYERS = [
  { file: 'a.safetensors', tensor: 'q.weight' },
  { file: 'a.safetensors', tensor: 'k.weight' },
];

/** The run with these effective ranks of two layers, a row for each checkpoint. */
function having(ranks: readonly (readonly (number | null)[])[], baseline = 'generation-0'): RunPicture {
  const run = collapsingPicture({ checkpoints: ranks.length });
  const checkpoints = run.checkpoints.map((checkpoint, index) => ({ ...checkpoint, layers: [...ranks[index]!] }));
  return { ...run, baseline, layers: LAYERS, checkpoints };
}

test('each cell is the share of what its layer had at the baseline', () => {
  const model = layersModel(
    having([
      [40, 20],
      [30, 30],
      [10, null],
    ]),
  )!;
  expect(model.rows).toEqual(['q.weight', 'k.weight']);
  expect(model.columns).toEqual(['generation-0', 'generation-1', 'generation-2']);
  expect([...model.shares]).toEqual([1, 0.75, 0.25, 1, 1.5, Number.NaN]);
  expect(model.summary).toContain('The most is lost in q.weight: 25 % is left.');
  expect(model.table.rows).toEqual([
    ['q.weight', '40', '10', '25 %'],
    ['k.weight', '20', '30', '150 %'],
  ]);
  expect(model.reading(0, 2)).toEqual({
    heading: 'q.weight',
    lines: ['generation-2, healthy', 'effective rank 10', "25 % of the baseline's"],
  });
  expect(model.reading(1, 2).lines.slice(1)).toEqual(['not there']);
});

test('a layer that the baseline lacks has no share', () => {
  const model = layersModel(
    having([
      [null, 0],
      [30, 30],
    ]),
  )!;
  expect([...model.shares].every(Number.isNaN)).toBe(true);
  expect(model.reading(0, 1).lines.slice(1)).toEqual(['effective rank 30']);
  expect(model.table.rows).toEqual([]);
});

test('none without layers or without a baseline', () => {
  expect(layersModel(collapsingPicture())).toBeNull();
  expect(layersModel(having([[1, 1]], 'other'))).toBeNull();
});

test('matrices are told apart by their files where their tensors are not', () => {
  expect(matrixLabels([...LAYERS, { file: 'b.safetensors', tensor: 'q.weight' }, { file: 'x.npy', tensor: null }])).toEqual([
    'q.weight (a.safetensors)',
    'k.weight',
    'q.weight (b.safetensors)',
    'x.npy',
  ]);
});
