import { countAbove } from './effective-rank';
import { marchenkoPasturEdge, noiseVariance } from './marchenko-pastur';
import { normalCdf, normalQuantile } from './normal';

/** Beyond +-RANGE the law of order 1 has less mass than 6e-7. */
const RANGE = 6.5;
/** Least-squares polynomial in x / RANGE, highest power first, through normalQuantile(F_1(x)) from Painleve II; monotone on the range. */
const SCORE = [
  0.0019394461560870936, -0.02435731125108935, -0.006559118503579425, 0.07805026619853231, 0.004186728118577437, -0.14988699358915528,
  0.040340652692935235, 0.4039791633860207, -1.1221988517457224, 4.693902995648521, 0.9617334220055933,
];

/** Below this probability a value counts as noise. */
const LEVEL = 0.99;

function normalScore(x: number): number {
  const t = Math.min(1, Math.max(-1, x / RANGE));
  return SCORE.reduce((sum, c) => sum * t + c, 0);
}

/** Distribution function of the Tracy-Widom law of order 1 (Tracy and Widom 1996), to 6e-7 absolute. */
export function tracyWidomCdf(x: number): number {
  return normalCdf(normalScore(x));
}

/** Quantile of the Tracy-Widom law of order 1. @param p from 1e-6 to 1 - 1e-6 */
export function tracyWidomQuantile(p: number): number {
  const score = normalQuantile(p);
  let low = -RANGE;
  let high = RANGE;
  for (let i = 0; i < 53; i++) {
    const middle = (low + high) / 2;
    if (normalScore(middle) < score) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Quantile of the largest eigenvalue of X^T X / n, for an n x d X of independent standard normal entries, by the centring and scaling of
 * Johnstone 2001, theorem 1.1. Where n < d the two change places: X X^T has the same eigenvalues.
 */
export function largestNoiseEigenvalue(n: number, d: number, p: number): number {
  const long = Math.sqrt(Math.max(n, d) - 1);
  const short = Math.sqrt(Math.min(n, d));
  const scale = (long + short) * (1 / long + 1 / short) ** (1 / 3);
  return ((long + short) ** 2 + tracyWidomQuantile(p) * scale) / n;
}

/**
 * Number of eigenvalues of C = X^T X / n that stand out of independent noise at the level of 99 %: at most as many as lie above the
 * Marchenko-Pastur edge, less those at the end that the largest eigenvalue of noise reaches too. That k - 1 are signal and the k-th is
 * noise is tested as by Kritchman and Nadler 2009, with the noise variance from the mean of the eigenvalues from the k-th on,
 * since that of one median eigenvalue fluctuates as much as the edge itself: by it, noise would have spikes in 2 to 4 % of draws.
 *
 * WeightWatcher's num_spikes counts above another limit: an edge whose variance is fitted by least squares to a kernel density, plus the
 * square root of the Tracy-Widom scale (without its quantile). That has no stated level; counts near the edge can differ.
 * @param eigenvalues min(n, d) of them, descending, the median one positive
 */
export function countSpikes(eigenvalues: Float64Array, n: number, d: number): number {
  const gamma = d / n;
  let spikes = countAbove(eigenvalues, marchenkoPasturEdge(noiseVariance(eigenvalues, gamma), gamma));
  let bulk = 0;
  for (let i = spikes; i < eigenvalues.length; i++) bulk += eigenvalues[i];
  for (; spikes > 0; spikes--) {
    const candidate = eigenvalues[spikes - 1];
    bulk += candidate;
    // Strong signals take a row and a column each with them.
    const rows = n - spikes + 1;
    const columns = d - spikes + 1;
    const variance = (n * bulk) / (rows * columns);
    if (candidate * n > variance * rows * largestNoiseEigenvalue(rows, columns, LEVEL)) return spikes;
  }
  return 0;
}
