import type { Bound } from './bounded';
import { gauss } from './gauss-quadrature';
import { lanczos, type Operator } from './lanczos';
import { normal, uniform } from './random';

/**
 * Lanczos steps after which P(theta < (1 - eps) l_max) <= eta, for A positive semidefinite and a start uniform on the sphere:
 * the least k with 1.648 sqrt(d) exp(-sqrt(eps) (2k - 1)) <= eta (Kuczynski and Wozniakowski 1992, SIAM J. Matrix Anal. Appl. 13),
 * and never more than d.
 * @param eps in (0, 1)
 * @param eta in (0, 1)
 */
export function kuczynskiWozniakowskiSteps(d: number, eps: number, eta: number): number {
  return Math.min(d, Math.ceil((Math.log((1.648 * Math.sqrt(d)) / eta) / Math.sqrt(eps) + 1) / 2));
}

/** The eps that k Lanczos steps reach with failure probability eta, by the same bound; 0 from k = d on. It says nothing when it is 1 or more. */
export function kuczynskiWozniakowskiError(d: number, k: number, eta: number): number {
  return k >= d ? 0 : (Math.log((1.648 * Math.sqrt(d)) / eta) / (2 * k - 1)) ** 2;
}

/**
 * theta <= l_max <= theta / (1 - eps) for A positive semidefinite: theta the largest Ritz value of Lanczos from a start uniform on the sphere.
 * The lower side holds always, the upper with probability 1 - eta over the start, both up to about 10 eps ||A|| of rounding.
 * @returns upper null when the steps are too few for a bound
 */
export async function largestEigenvalue(
  operator: Operator,
  d: number,
  steps: number,
  eta: number,
  seed: number,
  poll: () => void = () => {},
): Promise<Bound> {
  const start = Float64Array.from({ length: d }, normal(uniform(seed)));
  const [t] = await lanczos(operator, d, start, steps, poll);
  const theta = gauss(t).nodes[0];
  // An invariant Krylov space of a random start holds the top eigenvector with probability 1.
  const eps = t.exact ? 0 : kuczynskiWozniakowskiError(d, t.diagonal.length, eta);
  const upper = eps < 1 ? theta / (1 - eps) : null;
  return { lower: theta, upper, kind: 'stochastic', confidence: 1 - eta, method: 'Kuczynski-Wozniakowski' };
}
