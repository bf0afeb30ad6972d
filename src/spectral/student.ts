/** P(T <= t) of Student's distribution with a whole number of degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4). */
function studentCdf(t: number, freedom: number): number {
  const theta = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(theta);
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k < freedom; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
  }
  const central = odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
  return 0.5 + central / 2;
}

/** Density at 0: Gamma((nu + 1) / 2) / (sqrt(nu pi) Gamma(nu / 2)), by its recurrence in steps of two. */
function densityAtZero(freedom: number): number {
  let density = freedom % 2 === 1 ? 1 / Math.PI : Math.SQRT1_2 / 2;
  for (let nu = freedom % 2 === 1 ? 1 : 2; nu < freedom; nu += 2) density *= ((nu + 1) / nu) * Math.sqrt(nu / (nu + 2));
  return density;
}

/**
 * Quantile of Student's distribution, to about 1e-12 relative, by Newton's method: to the right of 0 the distribution is concave, so that the
 * steps from there come nearer and never pass.
 * @param p in [0.5, 1)
 * @param freedom a whole number, at least 1
 */
export function studentQuantile(p: number, freedom: number): number {
  const top = densityAtZero(freedom);
  let t = 0;
  for (;;) {
    const step = (p - studentCdf(t, freedom)) / (top * (1 + (t * t) / freedom) ** (-(freedom + 1) / 2));
    t += step;
    // What rounding leaves may be of either sign.
    if (!(step > 1e-13 * t)) return t;
  }
}
