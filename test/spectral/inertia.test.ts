import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countBelowBounds, interlacingBounds, smallestEigenvalueCertificate, sturmCount, weylBounds } from '../../src/spectral/inertia';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';

const unit = fc.double({ min: -1, max: 1, noNaN: true });

function hilbert(d: number): Float64Array {
  return Float64Array.from({ length: d * d }, (_, k) => 1 / (Math.floor(k / d) + (k % d) + 1));
}

/** H diag(l) H for the reflection H along v: a full matrix of known spectrum, up to a few eps of the largest. */
function withSpectrum(l: readonly number[], v: readonly number[]): Float64Array {
  const d = l.length;
  const length = v.slice(0, d).reduce((s, x) => s + x * x, 0);
  const tau = length > 1e-6 ? 2 / length : 0;
  const h = (i: number, j: number): number => (i === j ? 1 : 0) - tau * v[i] * v[j];
  return Float64Array.from({ length: d * d }, (_, k) => {
    const [i, j] = [Math.floor(k / d), k % d];
    return l.reduce((s, x, r) => s + h(i, r) * x * h(r, j), 0);
  });
}

/** Up to 7 eigenvalues with ties, near-ties, zeros and powers of ten. */
const spectrum = fc
  .tuple(fc.constantFrom('any', 'equal', 'pairs', 'powers', 'zeros'), fc.array(unit, { minLength: 1, maxLength: 7 }))
  .map(([kind, u]) =>
    u.map((x, i) => {
      switch (kind) {
        case 'equal':
          return u[0];
        case 'pairs':
          return u[i - (i % 2)] + (i % 2) * 1e-15;
        case 'powers':
          return Math.sign(x) * 10 ** (-16 * Math.abs(x));
        case 'zeros':
          return i % 2 === 0 ? 0 : x;
        default:
          return x;
      }
    }),
  );
const direction = fc.array(unit, { minLength: 7, maxLength: 7 });

describe('Sturm count', () => {
  test('tridiagonal Toeplitz: l_j = 2 - 2 cos(j pi / (d + 1)) (R4)', () => {
    const d = 50;
    const form = { diagonal: new Float64Array(d).fill(2), offDiagonal: new Float64Array(d - 1).fill(-1) };
    for (let j = 1; j <= d; j++) {
      const l = 2 - 2 * Math.cos((j * Math.PI) / (d + 1));
      expect(sturmCount(form, l - 1e-12)).toBe(j - 1);
      expect(sturmCount(form, l + 1e-12)).toBe(j);
    }
  });

  test('pivots of zero, uncoupled rows, the zero matrix and huge entries', () => {
    // 0 1; 1 0 has -1 and 1: its first pivot at tau = 0 is zero.
    expect(sturmCount({ diagonal: Float64Array.of(0, 0), offDiagonal: Float64Array.of(1) }, 0)).toBe(1);
    expect(sturmCount({ diagonal: Float64Array.of(1, 1, 0), offDiagonal: Float64Array.of(0, 0) }, 1)).toBe(1);
    expect(sturmCount({ diagonal: new Float64Array(3), offDiagonal: new Float64Array(2) }, 0)).toBe(0);
    expect(sturmCount({ diagonal: Float64Array.of(1e300, 0), offDiagonal: Float64Array.of(1e300) }, 0)).toBe(1);
  });
});

describe('count below a threshold', () => {
  test('equicorrelated (R3): both sides agree away from the two eigenvalues', () => {
    const [n, r] = [10, 0.4];
    const k = (): Float64Array => Float64Array.from({ length: n * n }, (_, i) => (Math.floor(i / n) === i % n ? 1 : r));
    expect(countBelowBounds(k(), n, 0.59)).toEqual({ lower: 0, upper: 0 });
    expect(countBelowBounds(k(), n, 0.61)).toEqual({ lower: n - 1, upper: n - 1 });
    expect(countBelowBounds(k(), n, 0.6)).toEqual({ lower: 0, upper: n - 1 });
    expect(countBelowBounds(k(), n, 4.61)).toEqual({ lower: n, upper: n });
  });

  test('never excludes the truth, at and near eigenvalues', () => {
    fc.assert(
      fc.property(spectrum, direction, fc.nat(6), fc.constantFrom(0, 1e-16, -1e-16, 1e-14, -1e-14, 1e-3, -1e-3), (l, v, at, step) => {
        const d = l.length;
        const tau = l[at % d] + step;
        const { lower, upper } = countBelowBounds(withSpectrum(l, v), d, tau);
        // The matrix has this spectrum up to 1e-14 only: count what is certain.
        const surely = l.filter((x) => x < tau - 1e-14).length;
        const perhaps = l.filter((x) => x < tau + 1e-14).length;
        if (!(lower <= perhaps && surely <= upper)) throw new Error(`[${lower}, ${upper}] against [${surely}, ${perhaps}]`);
        // Diagonal matrices have exactly the spectrum they are given.
        const diagonal = new Float64Array(d * d);
        for (let i = 0; i < d; i++) diagonal[i * d + i] = l[i];
        const truth = l.filter((x) => x < tau).length;
        const exact = countBelowBounds(diagonal, d, tau);
        if (!(exact.lower <= truth && truth <= exact.upper)) throw new Error(`${truth} outside [${exact.lower}, ${exact.upper}]`);
      }),
      { numRuns: 6000, seed: 20260106 },
    );
  });
});

describe('certificate of l_min', () => {
  test('Hilbert 5 x 5: l_min = 3.2879e-6 (R4)', () => {
    expect(smallestEigenvalueCertificate(hilbert(5), 5, 3.2879e-6)).toEqual({ lower: 3.2879e-6, upper: null });
    expect(smallestEigenvalueCertificate(hilbert(5), 5, 3.288e-6)).toEqual({ lower: null, upper: null });
  });

  test('no certificate where l_min is beyond working precision, though plain Cholesky completes', () => {
    // l_min of the 12 x 12 Hilbert matrix is 2.6e-17.
    expect(smallestEigenvalueCertificate(hilbert(12), 12, 0).lower).toBeNull();
    expect(smallestEigenvalueCertificate(Float64Array.of(1, 1, 1, 1), 2, 0).lower).toBeNull();
    expect(smallestEigenvalueCertificate(Float64Array.of(Number.NaN), 1, 0).lower).toBeNull();
    expect(smallestEigenvalueCertificate(new Float64Array(4), 2, 0).lower).toBeNull();
    expect(smallestEigenvalueCertificate(new Float64Array(4), 2, -1e-9).lower).toBe(-1e-9);
  });

  test('exact for 2 x 2 integer matrices: never given at or above l_min, always given clearly below', () => {
    const integer = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(integer, integer, integer, fc.integer({ min: -1500, max: 1500 }), (p, q, r, tau) => {
        const { lower } = smallestEigenvalueCertificate(Float64Array.of(p, q, q, r), 2, tau);
        // l_min > tau by the leading minors of A - tau I, exact in integers.
        const above = p > tau && (p - tau) * (r - tau) > q * q;
        if (lower !== null && !above) throw new Error('false certificate');
        // A determinant >= 1 with norm <= 5000 leaves l_min - tau > 1e-4, far above the shift.
        if (lower === null && above) throw new Error('missed');
      }),
      { numRuns: 10_000, seed: 20260107 },
    );
  });

  test('singular to rounding: X^T X of integers with a zero eigenvalue has no certificate at 0', () => {
    const integer = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(fc.array(integer, { minLength: 20, maxLength: 20 }), fc.integer({ min: 2, max: 6 }), (x, d) => {
        // d - 1 rows in d dimensions.
        const a = Float64Array.from({ length: d * d }, (_, k) => {
          let sum = 0;
          for (let r = 0; r < d - 1; r++) sum += (x[(r * d + Math.floor(k / d)) % 20] ?? 0) * (x[(r * d + (k % d)) % 20] ?? 0);
          return sum;
        });
        expect(smallestEigenvalueCertificate(a, d, 0).lower).toBeNull();
      }),
      { numRuns: 3000, seed: 20260108 },
    );
  });
});

describe('Cauchy and Weyl', () => {
  test('equicorrelated: the principal submatrix pins the equal eigenvalues (R3)', () => {
    const [n, k, r] = [6, 4, 0.25];
    const principal = Float64Array.of(1 + (k - 1) * r, 1 - r, 1 - r, 1 - r);
    const third = interlacingBounds(principal, n, 4);
    expect(third.lower).toBeCloseTo(1 - r, 11);
    expect(third.upper).toBeCloseTo(1 - r, 11);
    // Both contain 1 - r, however the computed one is rounded.
    expect(third.lower).toBeLessThan(1 - r);
    expect(third.upper).toBeGreaterThan(1 - r);
    expect(interlacingBounds(principal, n, 1).upper).toBeNull();
    expect(interlacingBounds(principal, n, n).lower).toBeNull();
    expect(interlacingBounds(new Float64Array(0), n, 2)).toEqual({ lower: null, upper: null });
  });

  test('hold for principal submatrices and perturbations', () => {
    fc.assert(
      fc.property(spectrum, direction, fc.nat(7), fc.integer({ min: -18, max: 0 }), (l, v, keep, power) => {
        const n = l.length;
        const k = Math.min(n, keep);
        const a = withSpectrum(l, v);
        const principal = Float64Array.from({ length: k * k }, (_, i) => a[Math.floor(i / k) * n + (i % k)]);
        // The perturbation e = 10^power u u^T has norm 10^power |u|^2.
        const norm = 10 ** power * v.slice(0, n).reduce((s, x) => s + x * x, 0);
        const perturbed = a.map((x, i) => x + 10 ** power * v[Math.floor(i / n)] * v[i % n]);
        const truth = symmetricEigenvalues(a, n);
        const mu = symmetricEigenvalues(principal, k);
        const moved = symmetricEigenvalues(perturbed, n);
        for (let i = 1; i <= n; i++) {
          const { lower, upper } = interlacingBounds(mu, n, i);
          // Nothing of a spectrum far below eps is known of the computed one.
          if (lower !== null && !(lower <= truth[i - 1] + 2e-15)) throw new Error(`Cauchy: ${lower} > ${truth[i - 1]}`);
          if (upper !== null && !(truth[i - 1] - 2e-15 <= upper)) throw new Error(`Cauchy: ${truth[i - 1]} > ${upper}`);
          const weyl = weylBounds(moved, norm, i);
          if (!(weyl.lower <= truth[i - 1] + 2e-15 && truth[i - 1] - 2e-15 <= weyl.upper)) throw new Error('Weyl');
        }
      }),
      { numRuns: 4000, seed: 20260109 },
    );
  });

  test('Weyl is attained by a multiple of I', () => {
    const { lower, upper } = weylBounds(Float64Array.of(4, 2), 0.5, 2);
    expect(lower).toBeCloseTo(1.5, 10);
    expect(upper).toBeCloseTo(2.5, 10);
  });
});
