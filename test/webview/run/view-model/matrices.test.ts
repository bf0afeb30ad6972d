import { describe, expect, test } from 'vitest';
import type { RunPicture } from '../../../../webview/run/protocol';
import { matrixChoices, matrixIndex, worstMatrix } from '../../../../webview/run/view-model/matrices';
import { collapsingPicture } from '../runs';

const both = collapsingPicture({ files: ['a.npy', 'b.npy'], layers: 3 });

/** The run with another level of one of its matrices. */
function level(run: RunPicture, matrix: number, level: RunPicture['level']): RunPicture {
  return { ...run, matrices: run.matrices.map((at, index) => (index === matrix ? { ...at, level } : at)) };
}

describe('the choice of a matrix', () => {
  test('has sets of embeddings under one heading and weights under another', () => {
    const layers = [0, 1, 2].map((layer) => `layers.${layer}.q_proj.weight`);
    expect(matrixChoices(both, '', 1)).toEqual({
      labels: ['Embeddings', 'a.npy', 'b.npy', 'Weights', ...layers],
      matrices: [null, 0, 1, null, 2, 3, 4],
      headings: [0, 3],
      chosen: 2,
      rest: '',
    });
  });

  test('has no heading where all are of one kind', () => {
    const { labels, headings } = matrixChoices(collapsingPicture({ files: [], layers: 2 }), '', 0);
    expect(labels).toEqual(['layers.0.q_proj.weight', 'layers.1.q_proj.weight']);
    expect(headings).toEqual([]);
  });

  test('lists what a filter leaves, and what is on screen', () => {
    const found = matrixChoices(both, ' Q_PROJ  1', 0);
    expect(found.labels).toEqual(['Embeddings', 'a.npy', 'Weights', 'layers.1.q_proj.weight']);
    expect([found.chosen, found.rest]).toEqual([1, '1 of 5 matrices listed.']);
    expect(matrixChoices(both, 'nothing', 4)).toMatchObject({ matrices: [4], chosen: 0, rest: 'No other matrix has such a name.' });
  });

  test('never puts more than a few hundred on the page', () => {
    const many = collapsingPicture({ checkpoints: 1, layers: 300 });
    const { labels, rest } = matrixChoices(many, '', 300);
    expect(labels).toHaveLength(203);
    expect(rest).toBe('100 more matrices: filter by name to see them.');
  });
});

describe('the worst matrix', () => {
  test('is among embeddings the one with the most evidence, whatever the weights', () => {
    const steady = both.matrices[0]!.quantities.evidence!.map(() => 0);
    const [first, ...rest] = both.matrices;
    const calm = { ...both, matrices: [{ ...first!, quantities: { ...first!.quantities, evidence: steady } }, ...rest] };
    expect(worstMatrix(calm)).toBe(1);
  });

  test('is among weights the one that has lost most', () => {
    expect(worstMatrix(collapsingPicture({ files: [], layers: 6 }))).toBe(5);
  });

  test('is one that is broken by itself, before all', () => {
    expect(worstMatrix(level(both, 2, 'broken'))).toBe(2);
    expect(worstMatrix(level(both, 2, 'unknown'))).toBe(0);
  });

  test('is the one on screen until another is chosen, and where that one is gone', () => {
    expect(matrixIndex(both, { file: 'b.npy', tensor: null })).toBe(1);
    for (const name of [null, { file: 'c.npy', tensor: null }]) expect(matrixIndex(both, name)).toBe(worstMatrix(both));
    expect(worstMatrix({ ...both, matrices: [] })).toBe(0);
  });
});
