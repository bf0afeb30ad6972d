import { describe, expect, it } from 'vitest';
import { sparkline, trendline } from '../../src/cli/sparkline';

describe('sparkline', () => {
  it('gives equal factors equal steps', () => {
    expect(
      sparkline(
        Float64Array.from({ length: 8 }, (_, i) => 10 ** -i),
        1e-20,
        8,
      ),
    ).toBe('█▇▆▅▄▃▂▁');
  });

  it('leaves out what is below the floor', () => {
    expect(sparkline(Float64Array.of(1, 0.1, 1e-18, 0), 1e-14, 4)).toBe('█▁');
    expect(sparkline(Float64Array.of(0, 0), 0, 4)).toBe('');
  });

  it('shows an even spectrum at full height', () => {
    expect(sparkline(Float64Array.of(2, 2, 2), 0, 10)).toBe('███');
  });

  it('fits many eigenvalues into few cells, first and last included', () => {
    const line = sparkline(
      Float64Array.from({ length: 1000 }, (_, i) => 0.99 ** i),
      0,
      20,
    );
    expect(line).toHaveLength(20);
    expect(line.startsWith('█') && line.endsWith('▁')).toBe(true);
  });
});

describe('a series in one line', () => {
  it('has heights that are shares of the largest value', () => {
    expect(trendline([70, 60, 30, 0], 10)).toBe('█▇▄▁');
    expect(trendline([37, 38], 10)).toBe('██');
    expect(trendline([0, 0], 10)).toBe('▁▁');
  });

  it('leaves gaps, and keeps both ends of a long one', () => {
    expect(trendline([7, Number.NaN, 7], 10)).toBe('█ █');
    const values = Array.from({ length: 1000 }, (_, i) => 1000 - i);
    const line = trendline(values, 40);
    expect(line).toHaveLength(40);
    expect([line.at(0), line.at(-1)]).toEqual(['█', '▁']);
    expect(trendline([], 10)).toBe('');
  });
});
