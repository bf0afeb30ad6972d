import { describe, expect, test } from 'vitest';
import { seriesOf } from '../../src/runs/series';

const steps = (...names: string[]) =>
  seriesOf(names.map((name) => ({ name }))).map(({ pattern, members }) => [pattern, ...members.map(({ step }) => step)]);

describe('the step of a name', () => {
  test.each<[string[], [string, ...number[]]]>([
    [
      ['generation-10', 'generation-9', 'generation-0'],
      ['generation-*', 0, 9, 10],
    ],
    // The width of the model does not vary.
    [
      ['bert-768-1.pt', 'bert-768-20.pt'],
      ['bert-*-*.pt', 1, 20],
    ],
    // The last that varies.
    [
      ['a2_b7_c3.pt', 'a3_b9_c3.pt'],
      ['a*_b*_c*.pt', 7, 9],
    ],
    // Words say more than places.
    [
      ['step100_rank0.pt', 'step200_rank1.pt'],
      ['step*_rank*.pt', 100, 200],
    ],
    [
      ['epoch1-step10.pt', 'epoch2-step9.pt'],
      ['epoch*-step*.pt', 10, 9],
    ],
    [
      ['epoch_1_loss_3.pt', 'epoch_2_loss_1.pt'],
      ['epoch_*_loss_*.pt', 1, 2],
    ],
    // A metric is no step.
    [
      ['ep1_acc0.91.pt', 'ep2_acc0.89.pt'],
      ['ep*_acc*.pt', 1, 2],
    ],
    [
      ['layer.1.npy', 'layer.12.npy'],
      ['layer.*.npy', 1, 12],
    ],
    // A date is one number.
    [
      ['m_2026-11-24_10-30-05.pt', 'm_2026-11-24_10-45-01.pt'],
      ['m_*.pt', 20261124103005, 20261124104501],
    ],
    [
      ['m_20261124.pt', 'm_20261125.pt'],
      ['m_*.pt', 20261124, 20261125],
    ],
    // A name alone.
    [['embeddings-4.npy'], ['embeddings-*.npy', 4]],
    [['epoch3.pt'], ['epoch*.pt', 3]],
    [['007'], ['*', 7]],
  ])('%j', (names, expected) => {
    expect(steps(...names)).toEqual([expected]);
  });

  test.each<string[]>([
    ['model.pt'],
    ['gpt2.pt'],
    ['bin-fp16'],
    ['v1.5.pt'],
    ['a0.1.pt', 'a0.2.pt'],
    ['bert-768-0.1.pt', 'bert-768-0.2.pt'],
  ])('none in %j', (...names) => {
    expect(steps(...names)).toEqual([]);
  });
});

test('series are told apart by what is around the numbers, the longest first', () => {
  expect(steps('hidden-0.npy', 'embeddings-0.npy', 'hidden-1.npy', 'embeddings-1.npy', 'x-1.npy', 'x-2.npy', 'x-3.npy')).toEqual([
    ['x-*.npy', 1, 2, 3],
    ['embeddings-*.npy', 0, 1],
    ['hidden-*.npy', 0, 1],
  ]);
});
