import { describe, expect, test } from 'vitest';
import { runPicture } from '../../../src/editor/run-picture';
import {
  type Measure,
  parseRunHostMessage,
  parseRunPanelMessage,
  restoreRunViewState,
  type TimelineQuantity,
} from '../../../webview/run/protocol';
import { collapsingPicture, collapsingRun } from './runs';

describe('parseRunHostMessage', () => {
  test('a run passes the editor’s JSON as it is', () => {
    const run = collapsingPicture({ layers: 3, files: ['a.npy', 'b.npy'] });
    const message = { type: 'run', run, status: ['Analysing gen-3.'] };
    expect(parseRunHostMessage(JSON.parse(JSON.stringify(message)))).toEqual(message);
    const nothing = { type: 'nothing', path: '/run', message: 'Nothing is known.', status: [] };
    expect(parseRunHostMessage(nothing)).toEqual(nothing);
  });

  test('what the host does not say is refused', () => {
    const run = collapsingPicture();
    const [first, ...rest] = run.checkpoints;
    const having = (quantities: object) => ({ ...run, matrices: [{ ...run.matrices[0]!, quantities }] });
    const wrong = [
      { ...run, level: 'fine' },
      { ...run, checkpoints: [{ ...first, step: '1' }, ...rest] },
      having({ entropy: [1] }),
      having({ shape: ['1'] }),
      having({ shape: [{ value: 1, exact: true }] }),
      having({ shape: [{ value: 1, exact: true, interval: [1] }] }),
      having({ shape: 1 }),
      { ...run, limits: undefined },
    ];
    for (const run of wrong) expect(parseRunHostMessage({ type: 'run', run, status: [] })).toBeNull();
    expect(parseRunHostMessage({ type: 'run', run, status: [] })).not.toBeNull();
    expect(parseRunHostMessage({ type: 'run', run, status: [3] })).toBeNull();
    expect(parseRunHostMessage({ type: 'file' })).toBeNull();
    expect(parseRunHostMessage('text')).toBeNull();
  });
});

test('parseRunPanelMessage lets in what the panel says and nothing else', () => {
  const open = { type: 'open', checkpoint: 'a', matrix: { file: 'x.npy', tensor: null } };
  expect(parseRunPanelMessage(open)).toEqual(open);
  expect(parseRunPanelMessage({ ...open, matrix: null })).toEqual({ ...open, matrix: null });
  const file = { name: 'timeline.csv', encoding: 'utf8', content: 'a' };
  for (const message of [{ type: 'ready' }, { type: 'save', file }, { type: 'saveReport' }, { type: 'copy', text: 'a' }]) {
    expect(parseRunPanelMessage(message)).toEqual(message);
  }
  expect(parseRunPanelMessage({ type: 'save', file: { ...file, name: '../x.csv' } })).toBeNull();
  expect(parseRunPanelMessage({ type: 'open', checkpoint: 3, matrix: null })).toBeNull();
  expect(parseRunPanelMessage({ type: 'open', checkpoint: 'a' })).toBeNull();
  expect(parseRunPanelMessage({ type: 'run', command: 'x' })).toBeNull();
  expect(parseRunPanelMessage(null)).toBeNull();
});

test('a saved view comes back member by member', () => {
  const kept = {
    run: '/r',
    quantity: 'shape',
    matrix: { file: 'a', tensor: null },
    filter: 'q_proj',
    zoom: [100, 300],
    layers: 'stableRank',
    open: ['timeline-table'],
  };
  expect(restoreRunViewState(kept)).toEqual(kept);
  const initial = { run: null, quantity: 'effectiveRank', matrix: null, filter: '', zoom: null, layers: 'effectiveRank', open: [] };
  expect(restoreRunViewState(undefined)).toEqual(initial);
  expect(restoreRunViewState('text')).toEqual(initial);
  expect(restoreRunViewState({ run: 3, quantity: 'mood', matrix: {}, zoom: [3, 1], layers: 7, open: {} })).toEqual(initial);
  expect(restoreRunViewState({ run: '/r' })).toEqual({ ...initial, run: '/r' });
});

describe('runPicture', () => {
  test('holds numbers, not reports: it is a small part of the run', () => {
    const shape = { layers: 20, checkpoints: 20 };
    const size = (value: object) => JSON.stringify(value).length;
    expect(size(collapsingPicture(shape))).toBeLessThan(size(collapsingRun(shape)) / 15);
  });

  test('has the drift of each set of embeddings, its narrowest interval, and no number that is not finite', () => {
    const report = collapsingRun({ files: ['a.npy', 'b.npy'] });
    const last = report.checkpoints.at(-1)!;
    const { matrices } = runPicture(report, 'x');
    const newest = (matrix: number, id: TimelineQuantity) => matrices[matrix]!.quantities[id]!.at(-1)!;
    expect(newest(0, 'uCovDrift')).toBe(last.drift.U_cov!.value);
    expect(newest(1, 'uCovDrift')).toBe(last.drift['b.npy#U_cov']!.value);
    expect(newest(1, 'evidence')).toBe(
      Math.max(...Object.entries(last.drift).flatMap(([id, { evidence }]) => (id.startsWith('b.npy#') ? [evidence!] : []))),
    );
    const { value, interval } = newest(0, 'participationRatio') as Measure;
    expect(interval).toEqual([value - 0.9, value + 0.9]);
    expect(newest(0, 'effectiveRank')).toBe(last.matrices[0]!.report.quantities.effectiveRank!.value);
    const [matrix] = last.matrices;
    const quantities = { ...matrix!.report.quantities, shape: { value: -Infinity, exact: true, bounds: [], reason: null } };
    const broken = { ...report, checkpoints: [{ ...last, matrices: [{ ...matrix!, report: { ...matrix!.report, quantities } }] }] };
    expect(runPicture(broken, 'x').matrices[0]!.quantities.shape).toBeUndefined();
  });

  test('a matrix that a checkpoint lacks has no numbers there', () => {
    const report = collapsingRun({ layers: 2, files: ['a.npy', 'b.npy'] });
    const [first, ...rest] = report.checkpoints;
    const picture = runPicture({ ...report, checkpoints: [{ ...first!, matrices: first!.matrices.slice(1, 3) }, ...rest] }, 'x');
    expect(picture.matrices.map(({ file, weights }) => [file, weights])).toEqual([
      ['b.npy', false],
      ['a.npy', false],
      ['model.safetensors', true],
      ['model.safetensors', true],
    ]);
    const ranks = picture.matrices.map(({ quantities }) => quantities.effectiveRank!);
    expect(ranks.map(([first]) => first === null)).toEqual([false, true, false, true]);
    expect(ranks.every((cells) => cells.length === 12 && cells.slice(1).every((cell) => cell !== null))).toBe(true);
  });

  test('no text of it turns the writing direction', () => {
    const name = (step: number) => `gen\u202e${step}`;
    const picture = runPicture(collapsingRun({ name, files: ['a\u2066.npy'], layers: 1, tensor: 'w\u200f.weight' }), 'exp\n1');
    expect(JSON.stringify(picture)).not.toMatch(/[\u200f\u202e\u2066]|\\n/);
    expect(picture).toMatchObject({ name: 'exp\ufffd1', baseline: 'gen\ufffd0' });
    expect(picture.matrices).toMatchObject([{ file: 'a\ufffd.npy' }, { file: 'model.safetensors', tensor: 'w\ufffd.weight' }]);
  });
});
