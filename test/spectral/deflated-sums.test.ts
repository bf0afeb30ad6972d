import { describe, expect, test } from 'vitest';
import { deflatedSum, eigenvalueDensity, type Sought, type SpectralEvidence, spectralInterval } from '../../src/spectral/deflated-sums';
import { codingLog, squareRoot } from '../../src/spectral/gauss-quadrature';
import { lanczos, type Operator } from '../../src/spectral/lanczos';
import { probesOutside } from '../../src/spectral/stochastic-lanczos';
import { gaussians } from './gaussians';

const d = 40;
const l = Float64Array.from({ length: d }, (_, i) => (i + 1) ** -1.5);
const trace = l.reduce((s, x) => s + x, 0);
const v = Float64Array.from({ length: d }, gaussians(3));
const square = v.reduce((s, x) => s + x * x, 0);

function reflect(row: Float64Array): Float64Array {
  const dot = row.reduce((s, x, j) => s + x * v[j], 0);
  return row.map((x, j) => x - (2 * dot * v[j]) / square);
}

/** H diag(l) H, H the reflection of v, so that H e_i are its eigenvectors. */
const operator: Operator = async (x, count) => {
  const y = new Float64Array(count * d);
  for (let i = 0; i < count; i++) y.set(reflect(reflect(x.slice(i * d, (i + 1) * d)).map((value, j) => value * l[j])), i * d);
  return y;
};

/** Orthonormal starts near the first `count` eigenvectors; at an angle of 1e-3 from them when they are asked to be. */
function starts(count: number, tilt = 0): Float64Array {
  const q = new Float64Array(count * d);
  for (let i = 0; i < count; i++) {
    const row = new Float64Array(d);
    row[i] = Math.cos(tilt);
    row[d - 1 - i] = Math.sin(tilt);
    q.set(reflect(row), i * d);
  }
  return q;
}

async function evidence(head: Float64Array, seed: number, steps = 14): Promise<SpectralEvidence> {
  return {
    dimension: d,
    trace,
    head: await lanczos(operator, d, head, 6),
    probes: await lanczos(operator, d, probesOutside(head, d, 8, seed), steps),
  };
}

const coding: Sought = { f: codingLog(50), below: -1e-5, factor: 1 };
const root: Sought = { f: squareRoot, below: -1e-300, factor: 1 };
const truth = (f: (x: number) => number): number => l.reduce((s, x) => s + f(x), 0);

test('probes outside of a basis: orthogonal to it, of squared length d - h', () => {
  const q = starts(5);
  const x = probesOutside(q, d, 3, 1);
  for (let i = 0; i < 3; i++) {
    const row = x.subarray(i * d, (i + 1) * d);
    expect(row.reduce((s, a) => s + a * a, 0)).toBeCloseTo(d - 5, 10);
    for (let k = 0; k < 5; k++) expect(row.reduce((s, a, j) => s + a * q[k * d + j], 0)).toBeCloseTo(0, 12);
  }
});

describe.each([
  ['no head', 0, 0],
  ['eigenvectors', 4, 0],
  ['near eigenvectors', 4, 1e-3],
])('%s', (_, count, tilt) => {
  test('the interval of confidence 0.9 covers on 200 seeds', async () => {
    let misses = 0;
    const exact = truth(coding.f.value);
    for (let seed = 0; seed < 200; seed++) {
      const { lower, upper } = spectralInterval(await evidence(starts(count, tilt), seed), [coding], 0.9);
      if (lower! > exact || upper! < exact) misses++;
    }
    expect(misses).toBeLessThanOrEqual(20 + 3 * Math.sqrt(200 * 0.09));
    expect(misses).toBeGreaterThan(3);
  });
});

test('a head narrows the interval, and so does the known trace', async () => {
  const width = async (head: Float64Array, known: number): Promise<number> => {
    const { lower, upper } = spectralInterval({ ...(await evidence(head, 1)), trace: known }, [coding], 0.9);
    return upper! - lower!;
  };
  expect(await width(starts(4), trace)).toBeLessThan(0.6 * (await width(starts(0), trace)));
  // A linear function is the trace itself.
  const linear: Sought = { f: { value: (x) => 3 * x, evenDerivatives: 1 }, below: -1e-9, factor: 1 };
  const { lower, upper } = spectralInterval(await evidence(starts(2), 1), [linear], 0.9);
  expect(lower).toBeCloseTo(3 * trace, 9);
  expect(upper).toBeCloseTo(3 * trace, 9);
});

test('the part of the head is a certificate, of a sum of terms too', async () => {
  const terms = [coding, { ...root, factor: 2 }];
  const { head } = deflatedSum(await evidence(starts(6), 1), terms);
  const part = l.subarray(0, 6).reduce((s, x) => s + Math.log1p(50 * x) + 2 * Math.sqrt(x), 0);
  expect(head.lower).toBeLessThanOrEqual(part);
  expect(head.upper).toBeGreaterThanOrEqual(part);
  expect(head.upper! - head.lower!).toBeLessThan(1e-10);
});

test('where a bracket is open, so is the interval', async () => {
  const { lower, upper } = spectralInterval(await evidence(starts(0), 1, 5), [{ ...root, below: null }], 0.9);
  expect(lower).toBeNull();
  expect(upper).not.toBeNull();
});

test('the density has the eigenvalues of the head, all the mass, and the trace to the probes', async () => {
  const { nodes, weights } = eigenvalueDensity(await evidence(starts(3), 2));
  expect(weights.reduce((s, w) => s + w, 0)).toBeCloseTo(d, 9);
  expect([...nodes]).toEqual([...nodes].sort((a, b) => b - a));
  for (let k = 0; k < 3; k++) {
    expect(nodes[k]).toBeCloseTo(l[k], 12);
    expect(weights[k]).toBeCloseTo(1, 9);
  }
  expect(nodes.reduce((s, x, k) => s + x * weights[k], 0) / trace).toBeCloseTo(1, 1);
});
