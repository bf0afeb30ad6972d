import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compare } from '../../src/analysis/compare';
import { comparedOptions } from '../../src/analysis/compared-options';
import type { Comparison } from '../../src/analysis/comparison';
import { type AnalysisOptions, DEFAULT_OPTIONS } from '../../src/analysis/report';
import { comparisonFromJson, toJson } from '../../src/analysis/report-json';
import { selectBackend } from '../../src/compute/select';
import type { TensorFile } from '../../src/formats/matrix-source';
import { openTensorFile } from '../../src/formats/open';
import { memoryFile } from './memory-file';

const samples = join(__dirname, '..', '..', 'samples');
const backend = selectBackend('cpu');

function matrixFile(rows: readonly (readonly number[])[], access: 'random' | 'sequential' = 'random'): TensorFile {
  return memoryFile(Float64Array.from(rows.flat()), rows[0].length, { access, countsRows: access === 'random' });
}

async function compared(a: TensorFile, b: TensorFile, options: Partial<AnalysisOptions> = {}): Promise<Comparison> {
  const hooks = { poll() {}, progress() {}, refined: null };
  return compare({ file: a, tensor: '' }, { file: b, tensor: '' }, { ...DEFAULT_OPTIONS, ...options }, await backend, hooks);
}

async function sampled(a: string, b: string, options: Partial<AnalysisOptions> = {}): Promise<Comparison> {
  const files = await Promise.all([a, b].map((name) => openTensorFile(join(samples, name, 'embeddings.npy'))));
  try {
    return await compared(files[0], files[1], options);
  } finally {
    for (const file of files) await file.close();
  }
}

/** Pseudo-random rows that need no library; roughly uniform, with a steep spectrum. */
function noise(n: number, d: number, seed: number): number[][] {
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: d }, (_, j) => ((Math.sin(seed + i * 12.9898 + j * 78.233) * 43758.5453) % 1) / (1 + j / 4)),
  );
}

const codes = ({ reasons }: Comparison): string[] => reasons.map(({ code }) => code);

describe('real runs', () => {
  test('a model that collapsed: the smallest p-value there is, and the drift that SIGMA-UB has', async () => {
    const { rows, drift, distances, test: found, a, b } = await sampled('replace-s0/generation-0', 'replace-s0/generation-10');
    expect(rows).toEqual({ paired: true, a: 1000, b: 1000, dropped: 0, seed: 0 });
    expect(found).toMatchObject({ permutations: 199, rows: 1000, shape: { p: 1 / 200, adjusted: 0.01 } });
    expect(drift.dU_cov).toBeCloseTo(b.sigma!.U_cov - a.sigma!.U_cov, 12);
    expect(drift.dU_cov).toBeCloseTo(-191.9, 1);
    // The test's Cholesky factors against the reports' eigenvalues, on the same rows.
    expect(found!.shape.statistic).toBeCloseTo(drift.logDet!.shape, 6);
    expect(100 * found!.logScale.statistic).toBeCloseTo(drift.logDet!.scale, 9);
    expect(found!.shape.statistic).toBeCloseTo(b.quantities.shape!.value! - a.quantities.shape!.value!, 6);
    expect(distances.stein).toBeGreaterThan(1000);
    expect(distances.subspaceOverlap).toMatchObject({ k: 10, chance: 0.1 });
  });

  test('its control: chance can do it, and every distance is smaller', async () => {
    const collapsed = await sampled('replace-s0/generation-0', 'replace-s0/generation-10', { rows: 200 });
    const control = await sampled('control-s0/generation-0', 'control-s0/generation-10', { rows: 200 });
    expect(control.test!.shape.adjusted).toBeGreaterThan(0.05);
    expect(control.test!.logScale.adjusted).toBeGreaterThan(0.05);
    expect(control.distances.stein!).toBeLessThan(collapsed.distances.stein!);
    expect(control.distances.bures!).toBeLessThan(collapsed.distances.bures!);
    expect(control.distances.subspaceOverlap!.value).toBeGreaterThan(collapsed.distances.subspaceOverlap!.value);
    expect(control.distances.cka!).toBeGreaterThan(collapsed.distances.cka!);
    expect(control.rows.a).toBe(200);
  });

  test('the same file twice: p = 1, distances 0, CKA 1; and the same document again', async () => {
    const same = await sampled('replace-s0/generation-5', 'replace-s0/generation-5', { rows: 200 });
    expect(same.test).toMatchObject({ shape: { statistic: 0, p: 1, adjusted: 1 }, logScale: { statistic: 0, p: 1, adjusted: 1 } });
    expect(same.distances).toMatchObject({ stein: 0, bures: 0, meanShift: 0 });
    expect(same.distances.cka).toBeCloseTo(1, 12);
    expect(same.distances.subspaceOverlap!.value).toBeCloseTo(1, 12);
    expect(same.drift).toEqual({ dU_cov: 0, dG_KF: 0, logDet: { total: 0, scale: 0, shape: 0 } });
    const { a: _a, b: _b, ...again } = await sampled('replace-s0/generation-5', 'replace-s0/generation-5', { rows: 200 });
    const { a: _c, b: _d, ...first } = same;
    expect(again).toEqual(first);
  });
});

describe('the permutation test', () => {
  test('rejects a true hypothesis about as often as it says', async () => {
    let rejections = 0;
    for (let t = 0; t < 60; t++) {
      const found = await compared(matrixFile(noise(30, 4, 1 + t)), matrixFile(noise(30, 4, 501 + t)), { seed: t });
      if (found.test!.shape.p <= 0.1) rejections++;
    }
    // Binomial(60, 0.1): more than 14 has probability 0.001.
    expect(rejections).toBeLessThanOrEqual(14);
    expect(rejections).toBeGreaterThan(0);
  });

  test('finds a change of scale alone, and only there', async () => {
    const x = noise(60, 5, 3);
    const grown = x.map((row) => row.map((v) => 1.5 * v));
    const { test: found, drift } = await compared(matrixFile(x), matrixFile(grown), { normalize: false });
    expect(found!.logScale.p).toBe(1 / 200);
    expect(found!.logScale.statistic).toBeCloseTo(2 * Math.log(1.5), 10);
    expect(found!.shape.adjusted).toBeGreaterThan(0.05);
    expect(drift.logDet!.shape).toBeCloseTo(0, 9);
  });
});

describe('rows', () => {
  test('that cannot be used in one file are left out of both', async () => {
    const x = noise(40, 4, 1);
    const y = noise(40, 4, 2);
    const [p, q] = [x.map((row) => [...row]), y.map((row) => [...row])];
    p[3][1] = Number.NaN;
    q[3][0] = Number.POSITIVE_INFINITY;
    q[17] = [0, 0, 0, 0];
    const found = await compared(matrixFile(p), matrixFile(q));
    const without = (rows: number[][]): TensorFile => matrixFile(rows.filter((_, i) => i !== 3 && i !== 17));
    const clean = await compared(without(x), without(y));
    expect(found.rows).toMatchObject({ paired: true, a: 38, b: 38, dropped: 2 });
    expect(found.distances).toEqual(clean.distances);
    expect(found.test).toEqual(clean.test);
    // The reports drop rows one by one: U_cov of 39 and 38 rows cannot be compared.
    expect(found.drift.dU_cov).toBeNull();
    expect(codes(found)).toEqual(['dU_cov', 'dG_KF']);
  });

  test('that are not equally many have no pairs: no CKA, no p-value, and sentences that say so', async () => {
    const found = await compared(matrixFile(noise(40, 4, 1)), matrixFile(noise(50, 4, 2)));
    expect(found.rows).toMatchObject({ paired: false, a: 40, b: 50, dropped: 0 });
    expect(found.test).toBeNull();
    expect(found.distances.cka).toBeNull();
    expect(found.distances.bures).toBeGreaterThan(0);
    expect(codes(found).sort()).toEqual(['cka', 'dG_KF', 'dU_cov', 'test']);
    for (const { message } of found.reasons) expect(message).toContain('40 and 50');
  });

  test('are the same ones however a file is read', async () => {
    const [x, y] = [noise(300, 4, 1), noise(300, 4, 2)];
    const options = { rows: 100, seed: 5 };
    const random = await compared(matrixFile(x), matrixFile(y), options);
    const sequential = await compared(matrixFile(x, 'sequential'), matrixFile(y), options);
    expect(random.rows).toEqual({ paired: true, a: 100, b: 100, dropped: 0, seed: 5 });
    expect(sequential.distances).toEqual(random.distances);
    expect(sequential.test).toEqual(random.test);
  });

  test('fewer than columns: no Stein divergence, the rest as ever', async () => {
    const [n, d] = [12, 60];
    const x = noise(n, d, 1);
    const wide = await compared(matrixFile(x), matrixFile(noise(n, d, 2)), { normalize: false });
    expect(wide.distances.stein).toBeNull();
    expect(codes(wide)).toEqual(['stein', 'dG_KF']);
    // In the basis of their span, against the eigenvalues of the reports.
    expect(wide.test!.shape.statistic).toBeCloseTo(wide.drift.logDet!.shape, 6);
    const same = await compared(matrixFile(x), matrixFile(x));
    expect(same.distances).toMatchObject({ bures: 0, meanShift: 0 });
    expect(same.distances.cka).toBeCloseTo(1, 10);
    expect(same.test!.shape.p).toBe(1);
  });

  test('without variance give no distances and no test', async () => {
    const flat = await compared(matrixFile(noise(20, 3, 1)), matrixFile(Array.from({ length: 20 }, () => [1, 2, 3])));
    expect(flat.test).toBeNull();
    expect(flat.distances).toMatchObject({ stein: null, bures: null, cka: null });
    expect(flat.distances.meanShift).toBeGreaterThan(0);
    expect(codes(flat).sort()).toEqual(['dG_KF', 'distances', 'logDet', 'test']);
  });

  test('none that can be used', async () => {
    const zero = await compared(matrixFile(noise(20, 3, 1)), matrixFile(Array.from({ length: 20 }, () => [0, 0, 0])));
    expect(zero.rows).toMatchObject({ a: 0, b: 0, dropped: 20 });
    expect(codes(zero)).toEqual(expect.arrayContaining(['distances', 'dU_cov', 'logDet', 'test']));
  });

  test('of other widths cannot be compared', async () => {
    await expect(compared(matrixFile(noise(9, 3, 1)), matrixFile(noise(9, 4, 1)))).rejects.toThrow('3 and 4 columns');
  });
});

test('a report that is at hand is taken as it is', async () => {
  const [x, y] = [matrixFile(noise(30, 4, 1)), matrixFile(noise(30, 4, 2))];
  const whole = await compared(x, y);
  const stages: string[] = [];
  const hooks = { poll() {}, progress: (_: number, stage: string) => void stages.push(stage), refined: null };
  const again = await compare(
    { file: x, tensor: '', report: whole.a },
    { file: y, tensor: '', report: whole.b },
    DEFAULT_OPTIONS,
    await backend,
    hooks,
  );
  expect(again).toEqual(whole);
  expect(again.b).toBe(whole.b);
  expect(stages.some((stage) => /^[AB] · /.test(stage))).toBe(false);
});

test('rows are taken in one way on both sides: as they are only where both are weights', () => {
  const normalize = (matrices: readonly (readonly [string, string])[], asked: boolean | null = null) =>
    comparedOptions(
      matrices.map(([format, tensor]) => ({ format, tensor })),
      { ...DEFAULT_OPTIONS, normalize: asked },
    ).normalize;
  const weight = ['safetensors', 'wte.weight'] as const;
  expect([[weight, weight], [weight, ['npy', '']] as const, [['npy', '']] as const].map((matrices) => normalize(matrices))).toEqual([
    false,
    true,
    true,
  ]);
  expect(normalize([weight, weight], true)).toBe(true);
});

test('as JSON: one document with both reports in it', async () => {
  const comparison = await compared(matrixFile(noise(9, 3, 1)), matrixFile(noise(9, 3, 2)));
  const json = JSON.parse(JSON.stringify(toJson(comparison)));
  expect(Object.keys(json)).toEqual(['schema', 'a', 'b', 'rows', 'drift', 'distances', 'test', 'reasons']);
  expect(json.schema).toBe('sigma.compare/1');
  expect(json.a.schema).toBe('sigma.report/1');
  expect(Array.isArray(json.b.spectrum.eigenvalues)).toBe(true);
  expect(comparisonFromJson(json)).toEqual(comparison);
  expect(() => comparisonFromJson(json.a)).toThrow('sigma.compare/1');
});
