import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { analysisOptions } from '../../src/editor/settings';

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
    const { options, rejected } = read({ backend: 'cpu', ridge: 0.01, confidence: 0.99, maxRows: 500, normalize: 'never' });
    expect(options).toEqual({ ...DEFAULT_OPTIONS, backend: 'cpu', ridge: 0.01, confidence: 0.99, rows: 500, normalize: false });
    expect(rejected).toEqual([]);
  });

  it.each([
    ['auto', null],
    ['always', true],
    ['never', false],
  ])('normalize %s means %s', (normalize, expected) => expect(read({ normalize }).options.normalize).toBe(expected));

  it.each([
    ['backend', 'cuda'],
    ['ridge', 0],
    ['ridge', Number.POSITIVE_INFINITY],
    ['ridge', '0.1'],
    ['confidence', 1],
    ['confidence', Number.NaN],
    ['maxRows', 0],
    ['maxRows', 10.5],
    ['normalize', true],
  ])('replaces %s = %s by the default and says so', (name, value) => {
    expect(read({ [name]: value })).toEqual({ options: DEFAULT_OPTIONS, rejected: [name] });
  });
});
