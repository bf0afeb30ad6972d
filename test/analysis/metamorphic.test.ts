import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { type AnalysisOptions, DEFAULT_OPTIONS, type ExactSpectrum, type SpectralReport } from '../../src/analysis/report';
import { toJson } from '../../src/analysis/report-json';
import { SpectraAccumulator } from '../../src/analysis/spectra';
import { cpuKernels } from '../../src/compute/cpu';
import { selectBackend } from '../../src/compute/select';
import type { Bounded } from '../../src/spectral/bounded';
import { normal, uniform } from '../../src/spectral/random';
import { dot } from '../../src/spectral/vectors';
import { memoryFile } from './memory-file';

/** What a change of the rows must do to a report, for any rows: no expected number is written down. */

const backend = selectBackend('cpu');
const silent = { poll() {}, progress() {}, refined: null };
const checks = { numRuns: 25, seed: 1 };

interface Matrix {
  readonly n: number;
  readonly d: number;
  readonly x: Float64Array;
}

async function report({ d, x }: Matrix, options: Partial<AnalysisOptions> = {}): Promise<SpectralReport> {
  return analyze(memoryFile(x, d), '', { ...DEFAULT_OPTIONS, normalize: false, ...options }, await backend, silent);
}

/** Rows about a mean, more of them than columns and not: the standard deviations of the columns fall by up to two decades. */
const matrices = fc
  .record({
    n: fc.integer({ min: 4, max: 60 }),
    d: fc.integer({ min: 2, max: 24 }),
    seed: fc.nat(),
    decades: fc.double({ min: 0, max: 2, noNaN: true }),
  })
  .map(({ n, d, seed, decades }): Matrix => {
    const random = normal(uniform(seed));
    return {
      n,
      d,
      x: Float64Array.from({ length: n * d }, (_, i) => random() * 10 ** ((-decades * (i % d)) / d) + ((i % d) % 3 === 0 ? 0.5 : 0)),
    };
  });

/** What eigenvalues of the Gram matrix of n rows of d columns are wrong by, at most, relative to the largest. */
const rounding = (n: number, d: number): number => (d + n + 8) * Number.EPSILON;

/** How much of itself (of 1, where it is less) rounding can move a quantity: the error of each eigenvalue beside the smallest that is not zero. */
function tolerance({ spectrum, source }: SpectralReport): number {
  const { eigenvalues, centred, noiseFloor } = spectrum as ExactSpectrum;
  const smallest = Math.min(...[eigenvalues, centred].map((l) => l.filter((x) => x > 1e3 * noiseFloor).at(-1) ?? l[0]));
  return 8 * source.columns * rounding(source.rows, source.columns) * (eigenvalues[0] / smallest);
}

/** Where S has eigenvalues of 0, the ridge of the shape takes their place. */
function shapeTolerance({ spectrum, source: { rows, columns } }: SpectralReport): number {
  const { eigenvalues, centred } = spectrum as ExactSpectrum;
  const ridge = (1e-6 * centred.reduce((s, l) => s + l, 0)) / columns;
  const smallest = (centred[columns - 1] ?? 0) + ridge;
  return 8 * columns * rounding(rows, columns) * (eigenvalues[0] / smallest);
}

function near(found: number | null | undefined, expected: number | null | undefined, tolerated: number, what: string): void {
  if (typeof expected !== 'number' || typeof found !== 'number') expect(found, what).toBe(expected);
  else
    expect(Math.abs(found - expected), `${what}: ${found}, expected ${expected}`).toBeLessThanOrEqual(
      tolerated * Math.max(1, Math.abs(expected)),
    );
}

function nearSpectra(found: SpectralReport, expected: SpectralReport, factor = 1): void {
  const [a, b] = [found, expected].map(({ spectrum }) => spectrum as ExactSpectrum);
  const error = 2 * Math.max(...[found, expected].map(({ source }) => rounding(source.rows, source.columns))) * b.eigenvalues[0];
  for (const which of ['eigenvalues', 'centred'] as const) {
    for (let i = 0; i < Math.max(a[which].length, b[which].length); i++) {
      expect(Math.abs((a[which][i] ?? 0) / factor - (b[which][i] ?? 0)), `${which} ${i}`).toBeLessThanOrEqual(error);
    }
  }
}

const SPECTRAL = [
  'effectiveRank',
  'vendiScore',
  'rankMe',
  'participationRatioPlain',
  'stableRank',
  'numericalRank',
  'isoScore',
  'shape',
  'logScale',
  'logDetGram',
  'lambdaMax',
  'lambdaMin',
  'trace',
  'alphaReq',
] as const;
type Id = keyof SpectralReport['quantities'];
const numberOf = (of: SpectralReport, id: Id) => (of.quantities[id] as Bounded | undefined)?.value;

function same(found: SpectralReport, expected: SpectralReport, ids: readonly Id[]): void {
  const tolerated = Math.max(tolerance(found), tolerance(expected));
  const ofShape = Math.max(shapeTolerance(found), shapeTolerance(expected));
  // An estimate of tr Sigma^2 that is small beside (tr S)^2 is what is left of numbers as large.
  const ofMoments = tolerated * Math.max(1, numberOf(expected, 'participationRatio') ?? 1);
  const wider: Partial<Record<Id, number>> = { shape: ofShape, participationRatio: ofMoments };
  for (const id of ids) near(numberOf(found, id), numberOf(expected, id), wider[id] ?? tolerated, id);
}

function sameScales(found: SpectralReport, expected: SpectralReport): void {
  for (const id of ['codingLogDet', 'effectiveDimension'] as const)
    for (const [k, at] of expected.quantities[id].entries()) near(found.quantities[id][k].value, at.value, tolerance(expected), id);
}

/** X Q for a random orthogonal Q: as many reflections as columns. */
function rotated({ n, d, x }: Matrix, seed: number): Matrix {
  const random = normal(uniform(seed));
  const y = x.slice();
  for (let k = 0; k < d; k++) {
    const v = Float64Array.from({ length: d }, random);
    const square = dot(v, v);
    for (let i = 0; i < n; i++) {
      const row = y.subarray(i * d, (i + 1) * d);
      const twice = (2 * dot(row, v)) / square;
      for (let j = 0; j < d; j++) row[j] -= twice * v[j];
    }
  }
  return { n, d, x: y };
}

/** Rows in another order. */
function permuted({ n, d, x }: Matrix, seed: number): Matrix {
  const random = uniform(seed);
  const order = Array.from({ length: n }, (_, i) => ({ i, key: random() })).sort((a, b) => a.key - b.key);
  const y = new Float64Array(n * d);
  for (const [to, { i }] of order.entries()) y.set(x.subarray(i * d, (i + 1) * d), to * d);
  return { n, d, x: y };
}

const transposed = ({ n, d, x }: Matrix): Matrix => ({
  n: d,
  d: n,
  x: Float64Array.from({ length: n * d }, (_, k) => x[(k % n) * d + Math.floor(k / n)]),
});

const widened = ({ n, d, x }: Matrix, by: number): Matrix => {
  const y = new Float64Array(n * (d + by));
  for (let i = 0; i < n; i++) y.set(x.subarray(i * d, (i + 1) * d), i * (d + by));
  return { n, d: d + by, x: y };
};

const withRows = ({ n, d, x }: Matrix, more: number, value: number): Matrix => {
  const y = new Float64Array((n + more) * d).fill(value);
  y.set(x);
  return { n: n + more, d, x: y };
};

describe('of the same rows', () => {
  test('rotated: nothing changes, as X Q has the Gram matrix Q^T G Q and the same pairs', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.nat(), fc.boolean(), async (matrix, seed, normalize) => {
        const [before, after] = [await report(matrix, { normalize }), await report(rotated(matrix, seed), { normalize })];
        nearSpectra(after, before);
        same(after, before, [...SPECTRAL, 'participationRatio', 'meanCosine', 'uniformity', 'distinctRowRatio']);
        sameScales(after, before);
      }),
      checks,
    );
  });

  test('in another order: nothing changes', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.nat(), fc.boolean(), async (matrix, seed, normalize) => {
        const [before, after] = [await report(matrix, { normalize }), await report(permuted(matrix, seed), { normalize })];
        nearSpectra(after, before);
        same(after, before, [...SPECTRAL, 'participationRatio', 'meanCosine', 'uniformity', 'distinctRowRatio']);
        expect(after.integrity).toEqual(before.integrity);
      }),
      checks,
    );
  });

  test('in blocks of any sizes: the eigenvalues of one block, within rounding', async () => {
    await fc.assert(
      fc.asyncProperty(
        matrices,
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async ({ n, d, x }, sizes, many) => {
          const spectra = async (blocks: readonly number[]) => {
            const accumulator = new SpectraAccumulator(d, cpuKernels(), () => {}, 'float64', many && n > d);
            for (let first = 0, k = 0; first < n; k++) {
              const count = Math.min(blocks[k % blocks.length], n - first);
              await accumulator.add({ count, values: x.slice(first * d, (first + count) * d) });
              first += count;
            }
            return accumulator.spectra(() => {});
          };
          const [whole, parts] = [await spectra([n]), await spectra(sizes)];
          const error = 2 * rounding(n, d) * whole.uncentred[0];
          for (const which of ['uncentred', 'centred'] as const)
            for (const [i, l] of whole[which].entries()) expect(Math.abs(parts[which][i] - l)).toBeLessThanOrEqual(error);
          near(parts.fourthMoment, whole.fourthMoment, 1e-12, 'fourth moment');
        },
      ),
      checks,
    );
  });

  test('twice: C and S stay, G doubles, and half of the rows are copies', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, async (matrix) => {
        const { n, d, x } = matrix;
        const twice = { n: 2 * n, d, x: Float64Array.from([...x, ...x]) };
        const [before, after] = [await report(matrix), await report(twice)];
        nearSpectra(after, before);
        same(after, before, [
          'effectiveRank',
          'vendiScore',
          'participationRatioPlain',
          'stableRank',
          'isoScore',
          'shape',
          'logScale',
          'lambdaMax',
          'trace',
        ]);
        sameScales(after, before);
        expect(numberOf(after, 'distinctRowRatio')).toBe(0.5);
        expect(after.integrity.duplicateRows).toBe(n);
        // Of ordered pairs, n more have cosine 1.
        const c = numberOf(before, 'meanCosine')!;
        near(numberOf(after, 'meanCosine'), (2 * (n - 1) * c + 1) / (2 * n - 1), 1e-13, 'meanCosine');
        const { eigenvalues } = before.spectrum as ExactSpectrum;
        const logDet = eigenvalues.reduce((s, l) => s + Math.log(2 * n * l + 1e-3), (d - eigenvalues.length) * Math.log(1e-3));
        near(numberOf(after, 'logDetGram'), logDet, tolerance(before), 'logDetGram');
      }),
      checks,
    );
  });
});

describe('of other rows', () => {
  test('scaled by a power of two: lengths change and directions do not, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.integer({ min: -90, max: 90 }), async ({ n, d, x }, power) => {
        const scaled = { n, d, x: x.map((v) => v * 2 ** power) };
        const unit = async (of: Matrix) => {
          const { timings: _, ...rest } = await report(of, { normalize: true });
          return toJson(rest);
        };
        expect(await unit(scaled)).toEqual(await unit({ n, d, x }));
        const [before, after] = [await report({ n, d, x }), await report(scaled)];
        for (const id of [
          'effectiveRank',
          'vendiScore',
          'participationRatioPlain',
          'stableRank',
          'rankMe',
          'isoScore',
          'numericalRank',
        ] as const)
          expect(numberOf(after, id), id).toBe(numberOf(before, id));
        for (const id of ['lambdaMax', 'lambdaMin', 'trace'] as const) {
          const value = numberOf(before, id);
          expect(numberOf(after, id), id).toBe(typeof value === 'number' ? value * 4 ** power : value);
        }
        near(numberOf(after, 'logScale'), numberOf(before, 'logScale')! + 2 * power * Math.LN2, 1e-14, 'logScale');
        near(numberOf(after, 'shape'), numberOf(before, 'shape'), 1e-12, 'shape');
      }),
      checks,
    );
  });

  test('scaled by any number: ranks and shape stay, logarithms move by its square', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), async (matrix, c) => {
        const [before, after] = [await report(matrix), await report({ ...matrix, x: matrix.x.map((v) => v * c) }, { ridge: 1e-3 * c * c })];
        nearSpectra(after, before, c * c);
        same(after, before, [
          'effectiveRank',
          'vendiScore',
          'participationRatioPlain',
          'stableRank',
          'rankMe',
          'isoScore',
          'numericalRank',
          'shape',
          'alphaReq',
        ]);
        const error = tolerance(before);
        near(numberOf(after, 'logScale'), numberOf(before, 'logScale')! + 2 * Math.log(c), error, 'logScale');
        near(numberOf(after, 'logDetGram'), numberOf(before, 'logDetGram')! + 2 * matrix.d * Math.log(c), matrix.d * error, 'logDetGram');
      }),
      checks,
    );
  });

  test('moved by a common vector: S stays', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.double({ min: 0, max: 1e3, noNaN: true }), async (matrix, size) => {
        const { d, x } = matrix;
        const [before, after] = [await report(matrix), await report({ ...matrix, x: x.map((v, i) => v + size * Math.cos(i % d)) })];
        // Each entry has been rounded to eps of its new size.
        const moved = (after.spectrum as ExactSpectrum).eigenvalues[0];
        const [a, b] = [after, before].map(({ spectrum }) => (spectrum as ExactSpectrum).centred);
        const shift = 8 * Number.EPSILON * Math.sqrt(d * moved);
        for (const [i, l] of b.entries())
          expect(Math.abs(a[i] - l)).toBeLessThanOrEqual(2 * rounding(matrix.n, d) * b[0] + 2 * Math.sqrt(l) * shift + shift ** 2);
      }),
      checks,
    );
  });

  test('transposed: X^T X and X X^T have the same eigenvalues that are not zero', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, async (matrix) => {
        const { n, d } = matrix;
        const [before, after] = [await report(matrix), await report(transposed(matrix))];
        const [a, b] = [before, after].map(({ spectrum }) => (spectrum as ExactSpectrum).eigenvalues);
        expect(a).toHaveLength(b.length);
        for (const [i, l] of a.entries()) expect(Math.abs(d * b[i] - n * l)).toBeLessThanOrEqual(2 * rounding(n + d, n + d) * n * a[0]);
        same(after, before, ['vendiScore', 'rankMe', 'stableRank', 'numericalRank']);
        near(
          numberOf(after, 'logDetGram')! - n * Math.log(1e-3),
          numberOf(before, 'logDetGram')! - d * Math.log(1e-3),
          4 * tolerance(before),
          'logDetGram',
        );
      }),
      checks,
    );
  });

  test('with columns of zeros: as many eigenvalues of zero', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.integer({ min: 1, max: 12 }), fc.boolean(), async (matrix, by, normalize) => {
        const [before, after] = [await report(matrix, { normalize }), await report(widened(matrix, by), { normalize })];
        nearSpectra(after, before);
        const unmoved = [
          'effectiveRank',
          'vendiScore',
          'participationRatioPlain',
          'participationRatio',
          'stableRank',
          'numericalRank',
          'logScale',
        ] as const;
        same(after, before, [...unmoved, 'lambdaMax', 'trace', 'meanCosine', 'uniformity', 'distinctRowRatio']);
        near(numberOf(after, 'logDetGram'), numberOf(before, 'logDetGram')! + by * Math.log(1e-3), tolerance(before), 'logDetGram');
        expect(numberOf(after, 'lambdaMin') ?? 0).toBe(0);
        expect(after.integrity.constantColumns).toBe(by);
      }),
      checks,
    );
  });

  test('with rows that are dropped, however many: only the counts change', async () => {
    await fc.assert(
      fc.asyncProperty(
        matrices,
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY),
        async (matrix, more, value) => {
          const [before, after] = [
            await report(matrix, { normalize: true }),
            await report(withRows(matrix, more, value), { normalize: true }),
          ];
          nearSpectra(after, before);
          same(after, before, [...SPECTRAL, 'participationRatio', 'meanCosine', 'uniformity', 'distinctRowRatio']);
          const { nan, inf, zeroRows } = after.integrity;
          expect(nan + inf + zeroRows * matrix.d).toBe(more * matrix.d);
        },
      ),
      checks,
    );
  });

  test('with as many rows of zeros as others: the verdict is of the others', async () => {
    const random = normal(uniform(4));
    const matrix = { n: 30, d: 4, x: Float64Array.from({ length: 120 }, random) };
    const { verdict, spectrum } = await report(withRows(matrix, 30, 0), { normalize: true });
    expect(verdict.reasons.map(({ code }) => code)).not.toContain('all-zero');
    expect(spectrum).not.toBeNull();
  });

  test('with rows of zeros that are kept: their pairs have no cosine', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.integer({ min: 1, max: 100 }), async (matrix, more) => {
        const [before, after] = [await report(matrix), await report(withRows(matrix, more, 0))];
        near(numberOf(after, 'meanCosine'), numberOf(before, 'meanCosine'), 1e-12, 'meanCosine');
        near(numberOf(after, 'trace'), (numberOf(before, 'trace')! * matrix.n) / (matrix.n + more), 1e-12, 'trace');
      }),
      checks,
    );
  });
});

describe('what is rounding is not told as a number', () => {
  /** Equal rows of uneven numbers. */
  const equal = (n: number, d: number): Matrix => ({ n, d, x: Float64Array.from({ length: n * d }, (_, i) => Math.sin(1 + (i % d))) });

  test.each([
    [154, 43],
    [124, 162],
    [300, 7],
  ])('%i equal rows of %i columns have no variance, on whichever side and by whichever factorisation', async (n, d) => {
    for (const normalize of [true, false]) {
      const { quantities } = await report(equal(n, d), { normalize });
      for (const id of ['effectiveRank', 'logScale', 'shape', 'participationRatio'] as const) expect(quantities[id]!.value, id).toBeNull();
      expect(quantities.meanCosine!.value).toBeLessThanOrEqual(1);
      expect(quantities.meanCosine!.value).toBeCloseTo(1, 12);
    }
  });

  test('rows of 1 and of 49 in one direction, scaled to unit length, are equal', async () => {
    const x = Float64Array.from({ length: 100 * 130 }, (_, i) => (i % 130 === 0 ? 1 + (i % 7) * 8 : 0));
    expect((await report({ n: 100, d: 130, x }, { normalize: true })).quantities.effectiveRank!.value).toBeNull();
  });

  test('a log-determinant that eigenvalues below the noise floor could move is not exact, and lies in its bounds', async () => {
    const random = normal(uniform(3));
    const [left, right] = [200 * 3, 20 * 3].map((length) => Float64Array.from({ length }, random));
    const x = Float64Array.from({ length: 200 * 20 }, (_, k) => {
      const [i, j] = [Math.floor(k / 20), k % 20];
      return 1e12 * (left[3 * i] * right[3 * j] + left[3 * i + 1] * right[3 * j + 1] + left[3 * i + 2] * right[3 * j + 2]);
    });
    const found = await analyze(
      memoryFile(x, 20, { dtype: 'float32' }),
      '',
      { ...DEFAULT_OPTIONS, normalize: false },
      await backend,
      silent,
    );
    const { eigenvalues } = found.spectrum as ExactSpectrum;
    const truth = eigenvalues.reduce((s, l, i) => s + Math.log((i < 3 ? 200 * l : 0) + 1e-3), 0);
    const { exact, bounds, reason } = found.quantities.logDetGram!;
    expect(exact).toBe(false);
    expect(reason).toMatch(/noise floor/);
    expect(bounds[0].lower!).toBeLessThanOrEqual(truth + 1e-9);
    expect(bounds[0].upper!).toBeGreaterThan(truth);
    expect(found.quantities.effectiveRank!.exact).toBe(true);
  });
});
