import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { sound } from '../../src/engine/messages';
import { ErrorCode } from '../../src/engine/protocol';

const job = { options: DEFAULT_OPTIONS, priority: 'visible', token: 7 };
const analysis = { path: '/runs/a.npy', tensor: '', ...job };
const set = { runs: [{ path: '/runs', baseline: null, controls: [], options: DEFAULT_OPTIONS }], history: '/storage/runs.jsonl' };
const asked = (kind: Parameters<typeof sound>[0], params: unknown) => () => sound(kind, params);

describe('what the engine is asked', () => {
  it('is taken as it is where it is sound', () => {
    expect(sound('inspect', { path: '/a' })).toEqual({ path: '/a' });
    expect(sound('analyze', analysis)).toEqual(analysis);
    expect(sound('compare', { a: { path: '/a', tensor: '' }, b: { path: '/b', tensor: 't' }, ...job })).toMatchObject(job);
    expect(sound('run', { path: '/runs', ...job })).toEqual({ path: '/runs', ...job });
    expect(sound('watchRuns', { ...set, paused: true, quiet: 100, interval: 50 })).toMatchObject(set);
  });

  it.each([
    ['inspect', undefined, 'inspect'],
    ['inspect', { path: 1 }, 'path'],
    ['inspect', { path: '' }, 'path'],
    ['analyze', { ...analysis, options: { ...DEFAULT_OPTIONS, ridge: Number.NaN } }, 'options.ridge'],
    ['analyze', { ...analysis, options: { ...DEFAULT_OPTIONS, rows: 0.5 } }, 'options.rows'],
    ['analyze', { ...analysis, priority: 'now' }, 'priority'],
    ['compare', { a: { path: '/a' }, b: { path: '/b', tensor: '' }, ...job }, 'a.tensor'],
    ['run', { path: '/runs', ...job, token: undefined }, 'token'],
    ['watchRuns', { ...set, runs: [null] }, 'runs.0'],
    ['watchRuns', { ...set, interval: -1 }, 'interval'],
  ] as const)('%s %j is refused in a sentence that says where', (kind, params, where) => {
    expect(asked(kind, params)).toThrow(expect.objectContaining({ code: ErrorCode.internal }));
    expect(asked(kind, params)).toThrow(`The engine was asked what it does not understand (${where}: `);
  });
});
