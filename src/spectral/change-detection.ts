/**
 * Whether a series has left the level at which it began, at a controlled rate of false alarms, and since when.
 *
 * Null: y_t = mu + sigma e_t, Gaussian e_t, any mu, sigma^2 scaled inverse chi-squared with the given mean and degrees of freedom: what is
 * known of the variation between healthy values before the series begins. Alternative from value c on: a shift or a ramp of unknown sign and
 * size, beta ~ N(0, v sigma^2), mixed over v. Both marginal likelihoods are closed forms, and their ratio L_k(c) is a non-negative
 * martingale under the null, as mu has its right Haar prior (Perez-Ortiz, Lardy, de Heide, Gruenwald 2024). Summed over c it is a
 * Shiryaev-Roberts e-detector (Shin, Ramdas, Rinaldo 2023, arXiv:2203.03532): M_k - k is a martingale, so that the mean time to M_k >= 1 / alpha
 * is at least 1 / alpha values.
 */
export interface Variation {
  /** Of sigma^2: its scale, and how many degrees of freedom of evidence that scale is worth. */
  readonly variance: number;
  readonly degreesOfFreedom: number;
}

export interface ChangeEvidence {
  /** M_k for each value; 0 for the first. */
  readonly evidence: Float64Array;
  /** For each value the most likely start c of a change so far, 1 <= c <= k; 0 for the first. */
  readonly onset: Int32Array;
}

/** v of a shift, in units of sigma^2; a ramp moves on by beta at every value and has a quarter of it. */
const EFFECT_VARIANCES = [4, 25, 100];

/**
 * O(n) for each value that is not known yet.
 * @param values finite, in order
 * @param variation its variance and degrees of freedom are positive
 * @param known what this gave for the first of these values under the same variation
 */
export function changeEvidence(values: Float64Array, { variance, degreesOfFreedom }: Variation, known?: ChangeEvidence): ChangeEvidence {
  const evidence = new Float64Array(values.length);
  const onset = new Int32Array(values.length);
  if (known !== undefined) {
    evidence.set(known.evidence);
    onset.set(known.onset);
  }
  for (let k = Math.max(1, known?.evidence.length ?? 0); k < values.length; k++) {
    const n = k + 1;
    const mean = average(values.subarray(0, n));
    const total = degreesOfFreedom * variance + squaresAbout(mean, values.subarray(0, n));
    /** Of the regressor and the values, each about its mean: its squared length, and their product. */
    const likelihoodRatio = (v: number, length: number, product: number): number => {
      const explained = (product * product * v) / (1 + v * length);
      return Math.exp(-0.5 * Math.log1p(v * length) - ((degreesOfFreedom + k) / 2) * Math.log1p(-explained / total));
    };
    let shift = 0;
    let ramp = 0;
    let most = 0;
    for (let c = k; c >= 1; c--) {
      const m = n - c;
      shift += values[c] - mean;
      ramp += shift;
      const shiftLength = m - (m * m) / n;
      const rampLength = (m * (m + 1) * (2 * m + 1)) / 6 - (m * (m + 1)) ** 2 / (4 * n);
      let ratio = 0;
      for (const v of EFFECT_VARIANCES) ratio += likelihoodRatio(v, shiftLength, shift) + likelihoodRatio(v / 4, rampLength, ramp);
      ratio /= 2 * EFFECT_VARIANCES.length;
      evidence[k] += ratio;
      if (ratio >= most) {
        most = ratio;
        onset[k] = c;
      }
    }
  }
  return { evidence, onset };
}

/** Mean of detectors: a detector again, whatever the dependence between them. This is how looking at several statistics is paid for. */
export function meanEvidence(detectors: readonly ChangeEvidence[]): Float64Array {
  return detectors[0].evidence.map((_, k) => detectors.reduce((sum, { evidence }) => sum + evidence[k], 0) / detectors.length);
}

/** Pools what is known of a variance: scaled inverse chi-squared with the sum of squares of further healthy values about their mean. */
export function updatedVariation(prior: Variation, healthy: Float64Array): Variation {
  if (healthy.length < 2) return prior;
  const squares = squaresAbout(average(healthy), healthy);
  const degreesOfFreedom = prior.degreesOfFreedom + healthy.length - 1;
  return { variance: (prior.degreesOfFreedom * prior.variance + squares) / degreesOfFreedom, degreesOfFreedom };
}

function average(values: Float64Array): number {
  return values.reduce((sum, y) => sum + y, 0) / values.length;
}

function squaresAbout(centre: number, values: Float64Array): number {
  return values.reduce((sum, y) => sum + (y - centre) ** 2, 0);
}
