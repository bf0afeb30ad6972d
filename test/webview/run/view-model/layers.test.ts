import { expect, test } from 'vitest';
import type { Cell, RunPicture, TimelineQuantity } from '../../../../webview/run/protocol';
import { layerQuantities, layersModel } from '../../../../webview/run/view-model/layers';
import { matrixLabels } from '../../../../webview/run/view-model/names';
import { collapsingPicture } from '../runs';

const LAYERS = [
  { file: 'a.safetensors', tensor: 'q.weight' },
  { file: 'a.safetensors', tensor: 'k.weight' },
];

/** A run of two layers with these values, a row for each checkpoint. */
function having(values: readonly (readonly Cell[])[], baseline = 'generation-0', quantity: TimelineQuantity = 'effectiveRank'): RunPicture {
  const run = collapsingPicture({ checkpoints: values.length });
  const weights = LAYERS.map((name, layer) => ({
    ...name,
    weights: true,
    level: 'healthy' as const,
    quantities: { [quantity]: values.map((at) => at[layer]!) },
  }));
  return { ...run, baseline, matrices: [...run.matrices, ...weights] };
}

test('each cell is the share of what its layer had at the baseline, on a scale of octaves', () => {
  const run = having([
    [40, 20],
    [30, 30],
    [10, null],
  ]);
  const model = layersModel(run, 'effectiveRank')!;
  expect(model.rows).toEqual(['q.weight', 'k.weight']);
  expect(model.matrices).toEqual([1, 2]);
  expect(model.columns).toEqual(['generation-0', 'generation-1', 'generation-2']);
  const tones = [0, Math.log2(0.75), -1, 0, Math.log2(1.5), Number.NaN];
  expect([...model.tones]).toEqual(tones.map(Math.fround));
  expect(model.scale).toEqual(['50 % or less', '200 % or more']);
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

test('what counts no directions is a difference, on a scale of the largest', () => {
  const values = [
    [2, 3],
    [2.5, { value: 1, exact: false, interval: null }],
  ];
  const model = layersModel(having(values, 'generation-0', 'powerLawAlpha'), 'powerLawAlpha')!;
  expect([...model.tones]).toEqual([0, 0.25, 0, -1]);
  expect(model.scale).toEqual(['−2 or less', '+2 or more']);
  expect(model.summary).toBe('Power-law exponent of 2 layers, less what each had at the baseline. It has fallen most in k.weight: by 2.');
  expect(model.reading(1, 1).lines.slice(1)).toEqual(['power-law exponent ≈ 1', '−2 since the baseline']);
  expect(model.table.rows[0]).toEqual(['k.weight', '3', '1', '−2']);
});

test('one that is far off leaves the others their colour', () => {
  const values = [
    Array.from({ length: 2 }, () => 0),
    ...Array.from({ length: 60 }, (_, index) => [index === 30 ? 1000 : index === 31 ? 1 : 0.5, 0.5]),
  ];
  const model = layersModel(having(values, 'generation-0', 'powerLawAlpha'), 'powerLawAlpha')!;
  expect(model.scale[1]).toBe('+0.5000 or more');
  expect(model.tones[31]).toBe(1);
});

test('a layer that the baseline lacks has no share', () => {
  const model = layersModel(
    having([
      [null, 0],
      [30, 30],
    ]),
    'effectiveRank',
  )!;
  expect([...model.tones].every(Number.isNaN)).toBe(true);
  expect(model.reading(0, 1).lines.slice(1)).toEqual(['effective rank 30']);
  expect(model.table.rows).toEqual([]);
});

test('without weights the sets of embeddings are the layers; none with one set, or without a baseline', () => {
  expect(layersModel(collapsingPicture({ files: ['h.0.npy', 'h.1.npy'] }), 'shape')!.rows).toEqual(['h.0.npy', 'h.1.npy']);
  expect(layersModel(collapsingPicture(), 'effectiveRank')).toBeNull();
  expect(layersModel(having([[1, 1]], 'other'), 'effectiveRank')).toBeNull();
});

test('only quantities that some layer has can be chosen, and none that is about the baseline already', () => {
  expect(layerQuantities(having([[1, 1]], 'generation-0', 'stableRank'))).toEqual(['stableRank']);
  const embeddings = layerQuantities(collapsingPicture({ files: ['a.npy', 'b.npy'] }));
  expect(embeddings).toContain('shape');
  expect(embeddings).not.toContain('evidence');
});

test('matrices are told apart by their files where their tensors are not', () => {
  expect(matrixLabels([...LAYERS, { file: 'b.safetensors', tensor: 'q.weight' }, { file: 'x.npy', tensor: null }])).toEqual([
    'q.weight (a.safetensors)',
    'k.weight',
    'q.weight (b.safetensors)',
    'x.npy',
  ]);
});
