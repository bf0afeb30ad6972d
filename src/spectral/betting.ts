import { uniform } from './random';

/** No bet loses more than this share of the capital. */
const LARGEST_STAKE = 0.75;

/**
 * Upper bound, with failure probability at most eta, of the mean of a finite population of numbers in [0, range], from a uniform sample
 * without replacement. Several times nearer than
 * the empirical Bernstein-Serfling inequality (Bardenet and Maillard 2015) where the range is far above the spread.
 *
 * Betting (Waudby-Smith and Ramdas 2024, J. R. Stat. Soc. B 86, section 5): were the mean m, the next of the values would have
 * the mean mu_t = (N m - those before) / (N - t + 1), so that the capital prod (1 + stake_t (mu_t - x_t)) is a martingale that starts at 1
 * and never is negative, whatever rule sets the stakes from the past alone. It reaches 1 / eta with probability at most eta (Ville). The bound
 * is the largest m at which it does not: the capital grows with m. The martingale needs an order without preference, which a fixed
 * shuffle gives the values.
 * @param values the sample, in any order; at most `population` of them
 * @param population N >= 1
 * @param eta in (0, 1)
 */
export function bettingUpperBound(values: Float64Array, range: number, population: number, eta: number): number {
  const n = values.length;
  const x = shuffle(values);
  const stakes = new Float64Array(n);
  let sum = 0;
  let squares = range ** 2 / 4;
  for (let t = 0; t < n; t++) {
    stakes[t] = Math.min(LARGEST_STAKE / range, Math.sqrt((2 * Math.log(1 / eta) * (t + 1)) / (n * squares)));
    sum += x[t];
    squares += (x[t] - (sum + range / 2) / (t + 2)) ** 2;
  }
  const reaches = (m: number): boolean => {
    let capital = 1;
    let remaining = population * m;
    for (let t = 0; t < n; t++) {
      capital *= 1 + stakes[t] * (remaining / (population - t) - x[t]);
      if (capital >= 1 / eta) return true;
      remaining -= x[t];
    }
    return false;
  };
  // What the others are at least and at most: between the two every mu_t is in [0, range].
  let inside = sum / population;
  let outside = inside + (1 - n / population) * range;
  for (let k = 0; k < 40; k++) {
    const middle = (inside + outside) / 2;
    if (reaches(middle)) outside = middle;
    else inside = middle;
  }
  return outside;
}

/** Fisher and Yates. */
function shuffle(values: Float64Array): Float64Array {
  const random = uniform(0);
  const x = values.slice();
  for (let i = x.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [x[i], x[j]] = [x[j], x[i]];
  }
  return x;
}
