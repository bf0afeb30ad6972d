import { describe, expect, test } from 'vitest';
import { runPicture } from '../../../src/editor/run-picture';
import { parseRunHostMessage, parseRunPanelMessage, restoreRunViewState } from '../../../webview/run/protocol';
import { collapsingPicture, collapsingRun } from './runs';

describe('parseRunHostMessage', () => {
  test('a run passes the editor’s JSON as it is', () => {
    const message = { type: 'run', run: collapsingPicture({ layers: 3, files: ['a.npy', 'b.npy'] }) };
    expect(parseRunHostMessage(JSON.parse(JSON.stringify(message)))).toEqual(message);
    const nothing = { type: 'nothing', path: '/run', message: 'Nothing is known.' };
    expect(parseRunHostMessage(nothing)).toEqual(nothing);
  });

  test('what the host does not say is refused', () => {
    const run = collapsingPicture();
    const [first, ...rest] = run.checkpoints;
    const wrong = [
      { ...run, level: 'fine' },
      { ...run, checkpoints: [{ ...first, step: '1' }, ...rest] },
      { ...run, checkpoints: [{ ...first, embeddings: [{ entropy: { value: 1, exact: true, interval: null } }] }] },
      { ...run, limits: undefined },
    ];
    for (const run of wrong) expect(parseRunHostMessage({ type: 'run', run })).toBeNull();
    expect(parseRunHostMessage({ type: 'file' })).toBeNull();
    expect(parseRunHostMessage('text')).toBeNull();
  });
});

test('parseRunPanelMessage lets in what the panel says and nothing else', () => {
  const open = { type: 'open', checkpoint: 'a', matrix: { file: 'x.npy', tensor: null } };
  expect(parseRunPanelMessage(open)).toEqual(open);
  expect(parseRunPanelMessage({ ...open, matrix: null })).toEqual({ ...open, matrix: null });
  expect(parseRunPanelMessage({ type: 'ready' })).toEqual({ type: 'ready' });
  expect(parseRunPanelMessage({ type: 'open', checkpoint: 3, matrix: null })).toBeNull();
  expect(parseRunPanelMessage({ type: 'open', checkpoint: 'a' })).toBeNull();
  expect(parseRunPanelMessage({ type: 'run', command: 'x' })).toBeNull();
  expect(parseRunPanelMessage(null)).toBeNull();
});

test('a saved view comes back member by member', () => {
  const kept = { run: '/r', quantity: 'shape', embeddings: { file: 'a', tensor: null }, open: ['timeline-table'] };
  expect(restoreRunViewState(kept)).toEqual(kept);
  const initial = { run: null, quantity: 'effectiveRank', embeddings: null, open: [] };
  expect(restoreRunViewState(undefined)).toEqual(initial);
  expect(restoreRunViewState('text')).toEqual(initial);
  expect(restoreRunViewState({ run: 3, quantity: 'mood', embeddings: {}, open: {} })).toEqual(initial);
  expect(restoreRunViewState({ run: '/r' })).toEqual({ ...initial, run: '/r' });
});

describe('runPicture', () => {
  test('holds numbers, not reports: it is a small part of the run', () => {
    const shape = { layers: 20, checkpoints: 20 };
    const size = (value: object) => JSON.stringify(value).length;
    expect(size(collapsingPicture(shape))).toBeLessThan(size(collapsingRun(shape)) / 20);
  });

  test('has the drift of each set of embeddings, its narrowest interval, and no number that is not finite', () => {
    const report = collapsingRun({ files: ['a.npy', 'b.npy'] });
    const last = report.checkpoints.at(-1)!;
    const measures = runPicture(report, 'x').checkpoints.at(-1)!.embeddings;
    expect(measures[0]!.uCovDrift!.value).toBe(last.drift.U_cov!.value);
    expect(measures[1]!.uCovDrift!.value).toBe(last.drift['b.npy#U_cov']!.value);
    expect(measures[1]!.evidence!.value).toBe(
      Math.max(...Object.entries(last.drift).flatMap(([id, { evidence }]) => (id.startsWith('b.npy#') ? [evidence!] : []))),
    );
    const { value, interval } = measures[0]!.participationRatio!;
    expect(interval).toEqual([value - 0.9, value + 0.9]);
    expect(measures[0]!.effectiveRank!.interval).toBeNull();
    const [matrix] = last.matrices;
    const quantities = { ...matrix!.report.quantities, shape: { value: -Infinity, exact: true, bounds: [], reason: null } };
    const broken = { ...report, checkpoints: [{ ...last, matrices: [{ ...matrix!, report: { ...matrix!.report, quantities } }] }] };
    expect(runPicture(broken, 'x').checkpoints[0]!.embeddings[0]!.shape).toBeUndefined();
  });

  test('a matrix that a checkpoint lacks has no numbers there', () => {
    const report = collapsingRun({ layers: 2, files: ['a.npy', 'b.npy'] });
    const [first, ...rest] = report.checkpoints;
    const picture = runPicture({ ...report, checkpoints: [{ ...first!, matrices: first!.matrices.slice(1, 3) }, ...rest] }, 'x');
    expect(picture.embeddings.map(({ file }) => file).toSorted()).toEqual(['a.npy', 'b.npy']);
    const at = picture.embeddings.findIndex(({ file }) => file === 'a.npy');
    expect(picture.checkpoints[0]!.embeddings[at]).toBeNull();
    expect(picture.checkpoints[0]!.layers).toEqual([expect.any(Number), null]);
  });

  test('no text of it turns the writing direction', () => {
    const name = (step: number) => `gen\u202e${step}`;
    const picture = runPicture(collapsingRun({ name, files: ['a\u2066.npy'], layers: 1, tensor: 'w\u200f.weight' }), 'exp\n1');
    expect(JSON.stringify(picture)).not.toMatch(/[\u200f\u202e\u2066]|\\n/);
    expect(picture).toMatchObject({ name: 'exp\ufffd1', baseline: 'gen\ufffd0', embeddings: [{ file: 'a\ufffd.npy' }] });
    expect(picture.layers).toEqual([{ file: 'model.safetensors', tensor: 'w\ufffd.weight' }]);
  });
});
