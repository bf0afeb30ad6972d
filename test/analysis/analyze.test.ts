import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AnalysisHooks, analyze } from '../../src/analysis/analyze';
import { type AnalysisOptions, DEFAULT_OPTIONS, type ExactSpectrum, type SpectralReport } from '../../src/analysis/report';
import type { Backend } from '../../src/compute/kernels';
import { selectBackend } from '../../src/compute/select';
import type { TensorFile } from '../../src/formats/matrix-source';
import { openTensorFile } from '../../src/formats/open';
import type { Bound, Bounded } from '../../src/spectral/bounded';
import { trackOneUpperBound } from '../../src/spectral/sigma-ub';
import { memoryFile } from './memory-file';

const fixtures = join(__dirname, '..', 'fixtures', 'analysis');
const backend: Promise<Backend> = selectBackend('cpu');
const silent: AnalysisHooks = { poll() {}, progress() {}, refined: null };

interface Expected {
  normalize: boolean;
  uncentred: number[];
  centred: number[];
  sigma: { S: number; U_cov: number };
  quantities: Record<string, number | null>;
  codingLogDet: number[];
  effectiveDimension: number[];
}
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<string, Expected>;

/** A matrix in memory, with whichever access is asked for. */
function matrixFile(rows: number[][], access: 'random' | 'sequential' = 'random', name = '', format = 'npy'): TensorFile {
  const columns = rows[0]?.length ?? 0;
  return memoryFile(Float64Array.from(rows.flat()), columns, { access, name, format, countsRows: access === 'random' });
}

async function report(
  file: TensorFile,
  options: Partial<AnalysisOptions> = {},
  hooks: Partial<AnalysisHooks> = {},
): Promise<SpectralReport> {
  const tensor = file.tensors[0].name;
  return analyze(file, tensor, { ...DEFAULT_OPTIONS, ...options }, await backend, { ...silent, ...hooks });
}

const value = (r: SpectralReport, id: keyof SpectralReport['quantities']): number | null => (r.quantities[id] as Bounded).value;

/** Pseudo-random rows that need no library: the fractional parts of a quadratic sequence, roughly uniform. */
function noise(n: number, d: number, offset = 0): number[][] {
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: d }, (_, j) => offset + ((Math.sin(1 + i * 12.9898 + j * 78.233) * 43758.5453) % 1)),
  );
}

describe.each(Object.keys(expected))('agrees with NumPy: %s', (name) => {
  const want = expected[name];
  const run = async (): Promise<SpectralReport> => {
    const file = await openTensorFile(join(fixtures, `${name}.npy`));
    try {
      return await report(file, { normalize: want.normalize });
    } finally {
      await file.close();
    }
  };

  test('eigenvalues to 1e-12 of the largest', async () => {
    const spectrum = (await run()).spectrum as ExactSpectrum;
    expect(spectrum.eigenvalues).toHaveLength(want.uncentred.length);
    for (const [found, expectedValues] of [
      [spectrum.eigenvalues, want.uncentred],
      [spectrum.centred, want.centred],
    ] as const) {
      for (let i = 0; i < found.length; i++) expect(Math.abs(found[i] - expectedValues[i])).toBeLessThan(1e-12 * expectedValues[0]);
    }
  });

  test('every quantity to 1e-9', async () => {
    const found = await run();
    for (const [id, number] of Object.entries(want.quantities)) {
      const mine = value(found, id as keyof SpectralReport['quantities']);
      if (number === null) expect(mine, id).toBeNull();
      else expect(Math.abs(mine! - number), id).toBeLessThan(1e-9 * Math.max(1, Math.abs(number)));
    }
    expect(found.sigma!.S).toBeCloseTo(want.sigma.S, 8);
    expect(found.sigma!.U_cov).toBeCloseTo(want.sigma.U_cov, 8);
    for (const id of ['codingLogDet', 'effectiveDimension'] as const) {
      found.quantities[id].forEach((point, i) => {
        expect(Math.abs(point.value! - want[id][i]), id).toBeLessThan(1e-9 * Math.max(1, Math.abs(want[id][i])));
      });
    }
  });
});

describe('known answers', () => {
  const identity = (d: number): number[][] => Array.from({ length: d }, (_, i) => Array.from({ length: d }, (_, j) => (i === j ? 1 : 0)));

  test('orthonormal rows (R1)', async () => {
    const d = 12;
    const r = await report(matrixFile(identity(d)));
    for (const id of ['vendiScore', 'stableRank', 'numericalRank'] as const) expect(value(r, id)).toBeCloseTo(d, 10);
    expect(value(r, 'meanCosine')).toBeCloseTo(0, 12);
    expect(value(r, 'logDetGram')).toBeCloseTo(d * Math.log(1.001), 10);
    expect(r.sigma!.U_cov).toBeCloseTo(d * Math.log(1.001) - d * Math.log(d), 10);
    for (const { alphaOverD, value: f } of r.quantities.codingLogDet) expect(f).toBeCloseTo(d * Math.log(1 + alphaOverD), 10);
    // Centred, the identity has rank d - 1 and equal eigenvalues.
    expect(value(r, 'effectiveRank')).toBeCloseTo(d - 1, 9);
  });

  test('identical rows (R1): every rank of C is 1, there is no variance, and the verdict is collapsed', async () => {
    const n = 50;
    const d = 9;
    const row = Array.from({ length: d }, (_, j) => Math.cos(j + 1));
    const r = await report(matrixFile(Array.from({ length: n }, () => row)));
    for (const id of ['vendiScore', 'stableRank', 'numericalRank', 'meanCosine'] as const) expect(value(r, id)).toBeCloseTo(1, 9);
    expect(value(r, 'logDetGram')).toBeCloseTo(Math.log(n + 1e-3) + (d - 1) * Math.log(1e-3), 8);
    expect(r.quantities.codingLogDet[0].value).toBeCloseTo(Math.log(1 + 0.1 * d), 9);
    expect(r.quantities.effectiveRank).toMatchObject({ value: null, reason: 'All rows are the same: there is no variance.' });
    expect(r.verdict.level).toBe('collapsed');
    expect(r.integrity.duplicateRows).toBe(n - 1);
    expect(r.integrity.constantColumns).toBe(d);
    expect(value(r, 'distinctRowRatio')).toBeCloseTo(1 / n, 12);
  });

  test('equicorrelated rows (R3)', async () => {
    // Rows of the Cholesky factor of (1 - r) I + r 1 1^T have exactly these inner products.
    const n = 10;
    const r = 0.3;
    const L = Array.from({ length: n }, () => new Array<number>(n).fill(0));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = i === j ? 1 : r;
        for (let k = 0; k < j; k++) sum -= L[i][k] * L[j][k];
        L[i][j] = i === j ? Math.sqrt(sum) : sum / L[j][j];
      }
    }
    const found = await report(matrixFile(L));
    const top = 1 + (n - 1) * r;
    expect(value(found, 'lambdaMax')).toBeCloseTo(top / n, 12);
    expect(value(found, 'lambdaMin')).toBeCloseTo((1 - r) / n, 12);
    expect(value(found, 'stableRank')).toBeCloseTo(n / top, 12);
    expect(value(found, 'meanCosine')).toBeCloseTo(r, 12);
  });
});

describe('invariances (R11)', () => {
  const d = 6;
  const rows = noise(40, d, 0.2);
  // Two plane rotations.
  const rotated = rows.map((x) => {
    const y = [...x];
    for (const [i, j, t] of [
      [0, 3, 0.7],
      [2, 5, -1.1],
      [0, 1, 2.3],
    ]) {
      const [a, b] = [y[i], y[j]];
      y[i] = Math.cos(t) * a - Math.sin(t) * b;
      y[j] = Math.sin(t) * a + Math.cos(t) * b;
    }
    return y;
  });

  test('a rotation leaves every quantity', async () => {
    const a = await report(matrixFile(rows));
    const b = await report(matrixFile(rotated));
    for (const [id, quantity] of Object.entries(a.quantities)) {
      if (Array.isArray(quantity) || id === 'distinctRowRatio' || (quantity as Bounded).value === null) continue;
      const x = (quantity as Bounded).value!;
      expect(Math.abs(x - value(b, id as 'trace')!), id).toBeLessThan(1e-9 * Math.max(1, Math.abs(x)));
    }
  });

  test('a permutation of rows leaves every quantity', async () => {
    const a = await report(matrixFile(rows));
    const b = await report(matrixFile([...rows].reverse()));
    for (const id of ['effectiveRank', 'shape', 'logDetGram', 'meanCosine', 'participationRatio'] as const) {
      expect(value(a, id)).toBeCloseTo(value(b, id)!, 9);
    }
  });

  test('scaling by c: ranks and shape stay, logdet moves by 2 d log c', async () => {
    const c = 7;
    const a = await report(matrixFile(rows), { normalize: false, ridge: 1e-3 });
    const b = await report(matrixFile(rows.map((x) => x.map((v) => c * v))), { normalize: false, ridge: 1e-3 * c * c });
    for (const id of ['effectiveRank', 'stableRank', 'shape', 'participationRatio', 'isoScore', 'meanCosine'] as const) {
      expect(value(a, id)).toBeCloseTo(value(b, id)!, 9);
    }
    expect(value(b, 'logDetGram')! - value(a, 'logDetGram')!).toBeCloseTo(2 * d * Math.log(c), 9);
  });

  test('the row side and the column side give the same numbers', async () => {
    // 40 x 41 is analysed as 40 x 40, and with two more rows as 41 x 41; zero columns change nothing but d.
    const wide = noise(40, 41, 0.3);
    const rowSide = await report(matrixFile(wide), { normalize: false });
    const tall = await report(matrixFile([...wide, ...wide]), { normalize: false });
    // Duplicating every row leaves C and S as they are.
    for (const id of ['effectiveRank', 'vendiScore', 'stableRank', 'lambdaMax', 'trace', 'logScale'] as const) {
      expect(value(tall, id)).toBeCloseTo(value(rowSide, id)!, 9);
    }
  });
});

describe('integrity', () => {
  test('bad rows are counted and left out; the rest is what it would be without them', async () => {
    const rows = noise(30, 5, 0.5);
    const clean = await report(matrixFile(rows));
    const dirty = await report(
      matrixFile([
        [Number.NaN, Number.NaN, 1, 1, 1],
        ...rows.slice(0, 10),
        [0, 0, 0, 0, 0],
        ...rows.slice(10),
        [Number.POSITIVE_INFINITY, 0, 0, 0, 0],
        rows[3],
      ]),
    );
    expect(dirty.integrity).toEqual({ nan: 2, inf: 1, zeroRows: 1, duplicateRows: 1, constantColumns: 0 });
    expect(dirty.verdict.level).toBe('broken');
    expect(dirty.verdict.reasons.map(({ code }) => code)).toEqual(expect.arrayContaining(['nan', 'inf']));
    expect(dirty.sigma!.n_A).toBe(31);
    expect(dirty.sample).toMatchObject({ rows: 34, complete: true });
    const sameDuplicate = await report(matrixFile([...rows, rows[3]]));
    expect(value(dirty, 'effectiveRank')).toBeCloseTo(value(sameDuplicate, 'effectiveRank')!, 10);
    expect(clean.verdict.level).not.toBe('broken');
  });

  test('nothing usable: no numbers, and the verdict says why', async () => {
    const r = await report(
      matrixFile([
        [Number.NaN, 1],
        [0, 0],
      ]),
    );
    expect(r.spectrum).toBeNull();
    expect(r.sigma).toBeNull();
    expect(r.verdict.level).toBe('broken');
    expect(r.verdict.reasons.map(({ code }) => code)).toContain('no-usable-rows');
  });

  test('lengths that cannot be squared do not spoil directions', async () => {
    const rows = noise(30, 5, 0.5);
    const scaled = rows.map((x, i) => x.map((v) => v * (i % 2 === 0 ? 1e200 : 1e-200)));
    const [a, b] = [await report(matrixFile(rows)), await report(matrixFile(scaled))];
    expect(value(b, 'effectiveRank')).toBeCloseTo(value(a, 'effectiveRank')!, 9);
  });
});

describe('sampling and refinement', () => {
  const rows = noise(5000, 8, 0.1);

  test('a full report after each doubling, and the last is exact', async () => {
    const sizes: number[] = [];
    const final = await report(matrixFile(rows), {}, { refined: (r) => sizes.push(r.sample.rows) });
    expect(sizes).toEqual([1000, 2000, 4000]);
    expect(final.sample).toMatchObject({ rows: 5000, complete: true });
    expect(final.quantities.effectiveRank?.exact).toBe(true);
    expect(final.sigma!.G_KF).toBeNull();
  });

  test('the final report does not depend on the way there', async () => {
    const random = await report(matrixFile(rows));
    const sequential = await report(matrixFile(rows, 'sequential'));
    expect(value(sequential, 'shape')).toBeCloseTo(value(random, 'shape')!, 9);
    expect(sequential.source.rows).toBe(5000);
  });

  test('--rows: the same rows from random and sequential sources, another seed gives others', async () => {
    const random = await report(matrixFile(rows), { rows: 600 });
    const sequential = await report(matrixFile(rows, 'sequential'), { rows: 600 });
    const other = await report(matrixFile(rows), { rows: 600, seed: 1 });
    expect(random.sample).toEqual({ rows: 600, seed: 0, complete: false, stopped: 'rows' });
    expect(random.sigma).toMatchObject({ n_A: 600, n_k: 5000, m: 8, delta: 1e-3, rho: 1, beta: 4400 });
    expect(sequential.sigma!.S).toBeCloseTo(random.sigma!.S, 9);
    expect(other.sigma!.S).not.toBeCloseTo(random.sigma!.S, 6);
    expect(random.quantities.effectiveRank).toMatchObject({ exact: false });
    expect(random.quantities.numericalRank?.reason).toContain('600 of 5,000 rows');
  });

  test('the certificates of a sample hold for the whole', async () => {
    const whole = await report(matrixFile(rows));
    for (const seed of [0, 1, 2]) {
      const sample = await report(matrixFile(rows), { rows: 4900, seed });
      for (const id of ['logDetGram', 'lambdaMax', 'lambdaMin', 'conditionNumber', 'stableRank', 'vendiScore'] as const) {
        const truth = value(whole, id)!;
        const { bounds } = sample.quantities[id] as Bounded;
        expect(bounds.length).toBeGreaterThan(0);
        for (const { lower, upper, kind } of bounds) {
          if (kind === 'stochastic') continue;
          expect(lower!).toBeLessThanOrEqual(truth);
          expect(upper!).toBeGreaterThanOrEqual(truth);
        }
      }
      expect(trackOneUpperBound(sample.sigma!)).toBeGreaterThan(value(whole, 'logDetGram')!);
    }
  });

  test('intervals of the whole file stand inside the certificates, at the level asked for', async () => {
    const whole = await report(matrixFile(rows));
    const at = async (confidence: number) => (await report(matrixFile(rows), { rows: 2000, confidence })).quantities;
    const [at95, at99] = [await at(0.95), await at(0.99)];
    const interval = (quantity: Bounded): Bound => quantity.bounds.find(({ kind }) => kind === 'stochastic')!;
    const pairs: [Bounded, Bounded, Bounded][] = [
      ...(['effectiveRank', 'vendiScore', 'shape', 'logDetGram'] as const).map(
        (id) => [whole.quantities[id], at95[id], at99[id]] as [Bounded, Bounded, Bounded],
      ),
      ...whole.quantities.codingLogDet.map((q, i) => [q, at95.codingLogDet[i], at99.codingLogDet[i]] as [Bounded, Bounded, Bounded]),
      ...whole.quantities.effectiveDimension.map(
        (q, i) => [q, at95.effectiveDimension[i], at99.effectiveDimension[i]] as [Bounded, Bounded, Bounded],
      ),
    ];
    for (const [truth, narrow, wide] of pairs) {
      expect(interval(narrow)).toMatchObject({ confidence: 0.95 });
      expect(interval(wide).lower!).toBeLessThan(interval(narrow).lower!);
      // Four half-widths: a sound sample of this seed is not the rare one.
      const half = (interval(narrow).upper! - interval(narrow).lower!) / 2;
      expect(Math.abs(narrow.value! - truth.value!)).toBeLessThan(2 * half + 1e-12);
      for (const { kind, lower, upper } of narrow.bounds) {
        if (kind === 'stochastic') continue;
        expect(lower!).toBeLessThanOrEqual(narrow.value!);
        expect(upper!).toBeGreaterThanOrEqual(narrow.value!);
        expect(lower!).toBeLessThanOrEqual(truth.value!);
        expect(upper!).toBeGreaterThanOrEqual(truth.value!);
      }
    }
  });

  test('what few rows cannot tell is not given as a number', async () => {
    const { logDetGram, codingLogDet } = (await report(matrixFile(noise(1000, 60)), { rows: 40 })).quantities;
    expect(logDetGram!.value).toBeNull();
    expect(logDetGram!.reason).toMatch(/^Not identifiable from 40 rows of 60 columns/);
    expect(logDetGram!.bounds.map(({ kind }) => kind)).toEqual(['deterministic', 'deterministic']);
    expect(codingLogDet[0].value).not.toBeNull();
  });

  test('the tolerance ends the reading at the first doubling that meets it, and the report says so', async () => {
    const wide = noise(9000, 30);
    const loose = await report(matrixFile(wide), { tolerance: 0.02 });
    expect(loose.sample).toMatchObject({ complete: false, stopped: 'tolerance' });
    const { value, bounds } = loose.quantities.codingLogDet.find(({ alphaOverD }) => alphaOverD === 10)!;
    const { lower, upper } = bounds.find(({ kind }) => kind === 'stochastic')!;
    expect((upper! - lower!) / value!).toBeLessThanOrEqual(0.02);
    const strict = await report(matrixFile(wide), { tolerance: 1e-9 });
    expect(strict.sample).toMatchObject({ rows: 9000, complete: true, stopped: 'whole-file' });
  });

  test('a poll that throws stops the analysis', async () => {
    let polls = 0;
    const poll = (): void => {
      if (++polls === 20) throw new Error('stop');
    };
    await expect(report(matrixFile(rows), {}, { poll })).rejects.toThrow('stop');
    expect(polls).toBe(20);
  });

  test('the same seed gives the same bits', async () => {
    const strip = ({ timings: _, ...rest }: SpectralReport): unknown => rest;
    expect(strip(await report(matrixFile(rows), { rows: 700 }))).toEqual(strip(await report(matrixFile(rows), { rows: 700 })));
  });
});

describe('weights', () => {
  test('are recognised by name, not scaled, and get the quantities of weight matrices', async () => {
    const spiked = noise(200, 100).map((row, i) => row.map((v, j) => v + 3 * Math.sin(i) * Math.cos(j)));
    const r = await report(matrixFile(spiked, 'random', 'layer.0.weight', 'safetensors'));
    expect(r.options.normalize).toBe(false);
    expect(value(r, 'spikes')).toBeGreaterThanOrEqual(1);
    expect(value(r, 'mpSoftRank')).toBeLessThan(0.1);
    expect(value(r, 'powerLawAlpha')).toBeGreaterThan(1);
    const embeddings = await report(matrixFile(spiked, 'random', 'embeddings', 'safetensors'));
    expect(embeddings.options.normalize).toBe(true);
    expect(embeddings.quantities.spikes).toBeUndefined();
  });
});
