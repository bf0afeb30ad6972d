import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { analysisOptions, entryOver, notificationLevels, watchedFolders } from '../../src/editor/settings';

function read(settings: Record<string, unknown>) {
  const rejected: string[] = [];
  const options = analysisOptions(
    (name) => settings[name],
    (name) => rejected.push(name),
  );
  return { options, rejected };
}

describe('analysisOptions', () => {
  it('is the defaults without settings', () => expect(read({})).toEqual({ options: DEFAULT_OPTIONS, rejected: [] }));

  it('takes every setting', () => {
    const settings = { backend: 'cpu', ridge: 0.01, confidence: 0.99, maxRows: 500, tolerance: 0.02, normalize: 'never' };
    const { options, rejected } = read(settings);
    expect(options).toEqual({
      ...DEFAULT_OPTIONS,
      backend: 'cpu',
      ridge: 0.01,
      confidence: 0.99,
      rows: 500,
      tolerance: 0.02,
      normalize: false,
    });
    expect(rejected).toEqual([]);
  });

  it.each([
    ['auto', null],
    ['always', true],
    ['never', false],
  ])('normalize %s means %s', (normalize, expected) => expect(read({ normalize }).options.normalize).toBe(expected));

  it('takes null for no limit', () =>
    expect(read({ maxRows: null, tolerance: null })).toEqual({
      options: { ...DEFAULT_OPTIONS, rows: null, tolerance: null },
      rejected: [],
    }));

  it.each([
    ['backend', 'cuda'],
    ['ridge', 0],
    ['ridge', Number.POSITIVE_INFINITY],
    ['ridge', '0.1'],
    ['confidence', 1],
    ['confidence', Number.NaN],
    ['maxRows', 0],
    ['maxRows', 10.5],
    ['tolerance', 0],
    ['tolerance', 1],
    ['tolerance', '1 %'],
    ['normalize', true],
  ])('replaces %s = %s by the default and says so', (name, value) => {
    expect(read({ [name]: value })).toEqual({ options: DEFAULT_OPTIONS, rejected: [name] });
  });
});

describe('watchedFolders', () => {
  function folders(value: unknown, folder: string | null = '/work') {
    const rejected: unknown[] = [];
    const runs = watchedFolders(value, folder, (_, entry) => rejected.push(entry));
    return { runs, rejected };
  }

  it('takes paths, and objects with a baseline and controls, relative to the folder or absolute', () => {
    const value = ['runs', '.', { path: '/data/exp1', baseline: 'checkpoint-100', controls: ['runs/control', '/data/other'] }];
    expect(folders(value)).toEqual({
      runs: [
        { path: '/work/runs', baseline: null, controls: [] },
        { path: '/work', baseline: null, controls: [] },
        { path: '/data/exp1', baseline: 'checkpoint-100', controls: ['/work/runs/control', '/data/other'] },
      ],
      rejected: [],
    });
  });

  it('is nothing without the setting', () => expect(folders(undefined)).toEqual({ runs: [], rejected: [] }));

  it.each([
    ['a number', 7],
    ['an empty path', ''],
    ['no path', { baseline: 'checkpoint-100' }],
    ['a misspelt key', { path: 'runs', basline: 'checkpoint-100' }],
    ['a baseline that is no name', { path: 'runs', baseline: 100 }],
    ['controls that are no list', { path: 'runs', controls: 'runs/control' }],
    ['a control that is no path', { path: 'runs', controls: [null] }],
  ])('leaves %s aside and says so; the others count', (_, entry) => {
    expect(folders([entry, 'good'])).toEqual({ runs: [{ path: '/work/good', baseline: null, controls: [] }], rejected: [entry] });
  });

  it('leaves a value that is no list aside', () => expect(folders('runs')).toEqual({ runs: [], rejected: ['runs'] }));

  it('takes absolute paths only where no folder is open', () => {
    expect(folders(['runs', '/data', { path: '/data/b', controls: ['c'] }], null)).toEqual({
      runs: [{ path: '/data', baseline: null, controls: [] }],
      rejected: ['runs', { path: '/data/b', controls: ['c'] }],
    });
  });
});

describe('the entry over a run', () => {
  const folder = { path: 'runs', baseline: 'a' };
  it.each([
    ['is that of its own folder', ['.', 'runs/exp1', folder], 'runs/exp1'],
    ['is that of the innermost folder around it', ['.', folder, 'runs/exp10', 'other'], folder],
    ['is the last of two for the same folder, which is what counts', ['runs', folder], folder],
    ['may be absolute', ['/work/runs/exp1/'], '/work/runs/exp1/'],
    ['is none where none makes sense', [7, { path: '' }, 'runs/exp'], null],
  ])('%s', (_, entries, expected) => expect(entryOver('/work/runs/exp1', entries, '/work')).toEqual(expected));
});

describe('the setting notifications', () => {
  it.each([
    ['all', ['broken', 'collapsed', 'collapsing', 'watch']],
    ['collapse', ['broken', 'collapsed', 'collapsing']],
    ['off', []],
    [undefined, ['broken', 'collapsed', 'collapsing']],
    [true, ['broken', 'collapsed', 'collapsing']],
  ])('%s names levels', (value, levels) => expect(notificationLevels(value)).toEqual(levels));
});
