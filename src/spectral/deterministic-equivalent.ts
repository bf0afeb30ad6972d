/**
 * What a sample of n rows says of the whole population of N rows, for spectral functions of a second moment matrix whose
 * dimension is of the order of n. A sample spreads the eigenvalues, so that plain functions of them are biased.
 *
 * The deterministic equivalent (Hachem, Loubaton, Najim 2007) relates both: with df(lambda) = tr Ch (Ch + lambda I)^-1 of the sample
 * moment Ch, kappa = lambda / (1 - df / n) and lambda_N = kappa (1 - df / N),
 *
 *   logdet(I + C_N / lambda_N)  ~  logdet(I + Ch / lambda) - n log(kappa / lambda) + N log(kappa / lambda_N).
 *
 * It takes the leverages of all rows to be alike. Where they are not, what it leaves is to first order the Jensen gap of the
 * leave-one-out increments log(1 + g_i), g_i = l_i / (1 - l_i): n [log mean(1 + g) - mean log(1 + g)]. That gap is added, and half of it
 * is allowed for as an error of its own. The right side is stationary in lambda, so the increments are also its jackknife values.
 * Coverage of the intervals is measured, not proven: see docs/coverage.md.
 */
export interface SampledMoment {
  /** Of Ch, descending; those not listed, up to `dimension`, are 0. */
  readonly eigenvalues: Float64Array;
  readonly dimension: number;
  /** n. */
  readonly rows: number;
  /** N >= n. */
  readonly population: number;
  /** Leverages x^T (Ch + lambda I)^-1 x / n of some of the rows, drawn without regard to their values. */
  leverages(lambda: number): Float64Array;
}

/** An estimate for the whole population. */
export interface PopulationEstimate {
  readonly value: number;
  readonly standardError: number;
  /** Of the standard error, for Student's t, rounded down: fewer where the increments have heavy tails. */
  readonly degreesOfFreedom: number;
  /** Bound on what is left of the bias, on either side. */
  readonly biasAllowance: number;
}

/** Share of n that the degrees of freedom may reach: beyond it too little is left to tell signal from sampling. */
const LARGEST_LOAD = 0.7;

/** Step in log alpha of the central differences of increments and gap. */
const STEP = 0.1;
/** Of the trapezoidal rule in log lambda, for unit trace: the integrand is analytic in a strip of width pi, so that its error is far below rounding. */
const GRID = { from: Math.log(1e-9), step: 0.5, points: 75 };

/** f_alpha of the population: logdet(I + alpha C_N). Null where it is not identifiable from so few rows. @param alpha > 0 */
export function populationLogDet(sample: SampledMoment, alpha: number): PopulationEstimate | null {
  const point = logDetAt(sample, alpha);
  return point === null ? null : estimate(sample, point.value, point.increments, point.jensenGap);
}

/** d_eff(alpha) = d f_alpha / d log alpha of the population. Null where it is not identifiable. */
export function populationEffectiveDimension(sample: SampledMoment, alpha: number): PopulationEstimate | null {
  const point = logDetAt(sample, alpha);
  const above = logDetAt(sample, alpha * Math.exp(STEP));
  const below = logDetAt(sample, alpha * Math.exp(-STEP));
  if (point === null || above === null || below === null) return null;
  const slope = (a: number, b: number): number => (a - b) / (2 * STEP);
  const increments = above.increments.map((x, i) => slope(x, below.increments[i]));
  const gap = slope(above.jensenGap, below.jensenGap);
  return estimate(sample, point.df + gap, increments, Math.abs(gap));
}

/**
 * Entropy H(l / sum l) of the population's eigenvalues, through l log l = int_0^inf [l / (1 + a) - l / (l + a)] da, in which only
 * tr C_N (C_N + a I)^-1 = d f_(1/a) / d log(1/a) enters. With n <= d the curve ends at some a_0 > 0; below it, the integrand lies between
 * n and the largest possible rank, and half of that range is allowed for.
 */
export function populationEntropy(sample: SampledMoment): PopulationEstimate {
  const { rows: n, population: N, dimension } = sample;
  const trace = sum(sample.eigenvalues);
  const unit = sample.eigenvalues.map((l) => l / trace);
  const points = Array.from({ length: GRID.points }, (_, k) => {
    const lambda = Math.exp(GRID.from + k * GRID.step);
    const { df, slope, free } = degreesOfFreedom(unit, n, lambda);
    const a = (lambda / free) * (1 - df / N);
    // da: the grid is even in log lambda.
    const weight = GRID.step * a * (1 + slope / (n * free) - slope / (N - df)) * (k === 0 || k === GRID.points - 1 ? 0.5 : 1);
    return { a, df, weight, excess: df - 1 / (1 + a), ...leaveOneOut(sample, lambda * trace) };
  });
  const first = points[0];
  const last = points[GRID.points - 1];
  const largestRank = Math.min(dimension, N);
  const below = (first.a * (first.df + largestRank)) / 2 - Math.log1p(first.a);
  // Beyond the last point the integrand falls like 1 / a^2.
  const beyond = last.a * last.excess;
  const gap = points.reduce((total, { weight, jensenGap }) => total + weight * jensenGap, 0);
  const value = below + points.reduce((total, { weight, excess }) => total + weight * excess, 0) + beyond + gap;
  // A row also moves the trace: the last increments are its share of it, over a.
  const ofTrace = value + Math.log1p(last.a) - Math.log1p(first.a);
  const increments = last.increments.map(
    (x, i) => points.reduce((total, { weight, increments }) => total + weight * increments[i], 0) - ofTrace * last.a * x,
  );
  return estimate(sample, value, increments, gap, (first.a * (largestRank - first.df)) / 2);
}

/**
 * Log of Mauchly's sphericity of the population's S' = S + relativeRidge (tr S / d) I. Null where it is not identifiable.
 * @param sample its eigenvalues are those of S with divisor n (of n + 1 rows)
 */
export function populationLogSphericity(sample: SampledMoment, relativeRidge: number): PopulationEstimate | null {
  const { dimension: d, rows: n } = sample;
  const trace = sum(sample.eigenvalues);
  const alpha = d / (relativeRidge * trace);
  const point = logDetAt(sample, alpha);
  if (point === null) return null;
  // l^T (Ch + lambda I)^-1 l -> |x|^2 / lambda: how far each row moves the trace, in units of the trace.
  const far = 1e6 * trace;
  const traces = sample.leverages(far).map((l) => (l * n * far) / trace);
  const increments = point.increments.map((x, i) => x - (point.df / n) * traces[i]);
  return estimate(sample, point.value + d * Math.log(relativeRidge / (1 + relativeRidge)), increments, point.jensenGap);
}

interface LogDetPoint {
  readonly value: number;
  readonly df: number;
  readonly increments: Float64Array;
  readonly jensenGap: number;
}

function logDetAt(sample: SampledMoment, alpha: number): LogDetPoint | null {
  const { eigenvalues, rows: n, population: N } = sample;
  const target = 1 / alpha;
  // lambda_N grows with lambda; it reaches the target between nothing and the target itself.
  let low = Math.log(target) - 60;
  let high = Math.log(target) + 1e-12;
  for (let i = 0; i < 90; i++) {
    const middle = (low + high) / 2;
    if (populationRidge(eigenvalues, n, N, Math.exp(middle)) < target) low = middle;
    else high = middle;
  }
  const lambda = Math.exp(high);
  const { df, free } = degreesOfFreedom(eigenvalues, n, lambda);
  if (n < N && df > LARGEST_LOAD * n) return null;
  const kappa = lambda / free;
  let plain = 0;
  for (const l of eigenvalues) plain += Math.log1p(l / lambda);
  const { increments, jensenGap } = leaveOneOut(sample, lambda);
  return { value: plain + n * Math.log(free) + N * Math.log(kappa / target) + jensenGap, df, increments, jensenGap };
}

function populationRidge(eigenvalues: Float64Array, n: number, N: number, lambda: number): number {
  const { df, free } = degreesOfFreedom(eigenvalues, n, lambda);
  return (lambda / free) * (1 - df / N);
}

/** df = tr Ch (Ch + lambda)^-1, its slope by log lambda, and `free` = 1 - df / n without cancellation. */
function degreesOfFreedom(eigenvalues: Float64Array, n: number, lambda: number): { df: number; slope: number; free: number } {
  let df = 0;
  let slope = 0;
  let rest = n - eigenvalues.length;
  for (const l of eigenvalues) {
    const share = l / (l + lambda);
    const other = lambda / (l + lambda);
    df += share;
    slope -= share * other;
    rest += other;
  }
  return { df, slope, free: rest / n };
}

/** log(1 + g_i) = -log(1 - l_i), and the Jensen gap of n of them that a population of N leaves. */
function leaveOneOut(sample: SampledMoment, lambda: number): { increments: Float64Array; jensenGap: number } {
  const { rows: n, population: N } = sample;
  const leverages = sample.leverages(lambda);
  let odds = 0;
  let logs = 0;
  const increments = leverages.map((leverage) => {
    const l = Math.min(leverage, 1 - Number.EPSILON);
    odds += l / (1 - l);
    const increment = -Math.log1p(-l);
    logs += increment;
    return increment;
  });
  const gap = Math.log1p(odds / leverages.length) - logs / leverages.length;
  return { increments, jensenGap: n * (1 - n / N) * Math.max(0, gap) };
}

/** Jackknife over the rows whose leverages are known, with the correction for a finite population. */
function estimate(
  { rows: n, population: N }: SampledMoment,
  value: number,
  increments: Float64Array,
  jensenGap: number,
  unidentified = 0,
): PopulationEstimate {
  const m = increments.length;
  const mean = sum(increments) / m;
  let square = 0;
  let fourth = 0;
  for (const x of increments) {
    square += (x - mean) ** 2;
    fourth += (x - mean) ** 4;
  }
  // Satterthwaite: var s^2 = sigma^4 (kurtosis - 1) / m, which 2 sigma^4 / (m - 1) matches for Gaussian increments.
  const kurtosis = square > 0 ? Math.max(3, (m * fourth) / square ** 2) : 3;
  return {
    value,
    standardError: Math.sqrt((square / (m - 1)) * n * (1 - n / N)),
    degreesOfFreedom: Math.max(1, Math.floor((2 * (m - 1)) / (kurtosis - 1))),
    biasAllowance: jensenGap / 2 + unidentified,
  };
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const x of values) total += x;
  return total;
}
