import { jackknife, type PopulationEstimate, type SampleSize } from './jackknife';
import { sum } from './vectors';

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
export interface SampledMoment extends SpectralSample {
  readonly dimension: number;
  /** Leverages x^T (Ch + lambda I)^-1 x / n of some of the rows, drawn without regard to their values. */
  leverages(lambda: number): Float64Array;
}

/** What the eigenvalues alone tell of a sample. */
export interface SpectralSample extends SampleSize {
  /** Of Ch, descending; those not listed, up to the dimension, are 0. */
  readonly eigenvalues: Float64Array;
}

/** Share of n that the degrees of freedom may reach: beyond it too little is left to tell signal from sampling. */
const LARGEST_LOAD = 0.7;

/** Share of n that the rank of the sample may reach where weak directions count for much. */
const LARGEST_CURVE_LOAD = 0.85;

/** Step in log alpha of the central differences of increments and gap. */
const STEP = 0.1;
/** Of the trapezoidal rule in log lambda, for unit trace: the integrand is analytic in a strip of width pi, so that its error is far below rounding. */
const GRID = { from: Math.log(1e-9), step: 0.5, points: 75 };

/** f_alpha of the population: logdet(I + alpha C_N). Null where it is not identifiable from so few rows. @param alpha > 0 */
export function populationLogDet(sample: SampledMoment, alpha: number): PopulationEstimate | null {
  const point = logDetAt(sample, alpha);
  return point === null ? null : jackknife(sample, point.value, point.increments, point.jensenGap / 2);
}

/** d_eff(alpha) = d f_alpha / d log alpha of the population. Null where it is not identifiable. */
export function populationEffectiveDimension(sample: SampledMoment, alpha: number): PopulationEstimate | null {
  const ridge = sampleRidge(sample, alpha);
  const above = logDetAt(sample, alpha * Math.exp(STEP));
  const below = logDetAt(sample, alpha * Math.exp(-STEP));
  if (ridge === null || above === null || below === null) return null;
  const slope = (a: number, b: number): number => (a - b) / (2 * STEP);
  const increments = above.increments.map((x, i) => slope(x, below.increments[i]));
  const gap = slope(above.jensenGap, below.jensenGap);
  return jackknife(sample, ridge.df + gap, increments, Math.abs(gap) / 2);
}

/**
 * f_alpha and d_eff(alpha) of the population as far as the eigenvalues of the sample alone tell, that is with the leverages of all rows
 * alike: what curves are drawn by. Null where it is not identifiable. O(d).
 * @param alpha > 0
 */
export function equivalentResolution(
  sample: SpectralSample,
  alpha: number,
): { readonly logDet: number; readonly effectiveDimension: number } | null {
  const ridge = sampleRidge(sample, alpha);
  return ridge === null ? null : { logDet: equivalentLogDet(sample, alpha, ridge), effectiveDimension: ridge.df };
}

/**
 * tr C_N (C_N + a I)^-1 of the population over all a > 0, for its second moment in units of the trace: what spectral functions that are
 * not log-determinants are integrals of. With n <= d the curve ends at some a_0 > 0, below which the sample says nothing.
 */
export interface ResolventCurve {
  readonly sample: SampledMoment;
  /** Ascending in a. */
  readonly points: readonly CurvePoint[];
  /** The largest rank that C_N can have. */
  readonly largestRank: number;
}

interface CurvePoint extends LeaveOneOut {
  readonly a: number;
  readonly df: number;
  /** Of the sum over points that stands for an integral da. */
  readonly weight: number;
}

export function resolventCurve(sample: SampledMoment): ResolventCurve {
  const { rows: n, population: N, dimension } = sample;
  const trace = sum(sample.eigenvalues);
  const unit = sample.eigenvalues.map((l) => l / trace);
  const points = Array.from({ length: GRID.points }, (_, k) => {
    const lambda = Math.exp(GRID.from + k * GRID.step);
    const { df, slope, free } = degreesOfFreedom(unit, n, lambda);
    const a = (lambda / free) * (1 - df / N);
    // da: the grid is even in log lambda.
    const weight = GRID.step * a * (1 + slope / (n * free) - slope / (N - df)) * (k === 0 || k === GRID.points - 1 ? 0.5 : 1);
    return { a, df, weight, ...leaveOneOut(sample, lambda * trace) };
  });
  return { sample, points, largestRank: Math.min(dimension, N) };
}

/**
 * Entropy H(l / sum l) of the population's eigenvalues, through l log l = int_0^inf [l / (1 + a) - l / (l + a)] da, in which only the
 * resolvent curve enters. Below its end the integrand lies between n and the largest possible rank, and half of that range is allowed for.
 */
export function populationEntropy({ sample, points, largestRank }: ResolventCurve): PopulationEstimate {
  const first = points[0];
  const last = points[points.length - 1];
  const excess = ({ a, df }: CurvePoint): number => df - 1 / (1 + a);
  const below = (first.a * (first.df + largestRank)) / 2 - Math.log1p(first.a);
  // Beyond the last point the integrand falls like 1 / a^2.
  const beyond = last.a * excess(last);
  const gap = points.reduce((total, { weight, jensenGap }) => total + weight * jensenGap, 0);
  const value = below + points.reduce((total, point) => total + point.weight * excess(point), 0) + beyond + gap;
  // A row also moves the trace: the last increments are its share of it, over a.
  const ofTrace = value + Math.log1p(last.a) - Math.log1p(first.a);
  const increments = last.increments.map(
    (x, i) => points.reduce((total, { weight, increments }) => total + weight * increments[i], 0) - ofTrace * last.a * x,
  );
  return jackknife(sample, value, increments, gap / 2 + (first.a * (largestRank - first.df)) / 2);
}

/**
 * Entropy H(s / sum s) of the square roots s of the population's eigenvalues, of which log RankMe is made: log t - u / (2 t) with
 *
 *   t = sum l^(1/2) = (1 / pi) int_0^inf df(a) a^(-1/2) da,  u = sum l^(1/2) log l = (1 / pi) int_0^inf df(a) a^(-1/2) log a da.
 *
 * By parts, as df = -a f', a change of f moves it by int f a^(-1/2) (u / t - log a) / (4 pi t) da.
 * Below the first point df lies between what it is there and the largest possible rank; the entropy grows with it, and half of the range is
 * allowed for. Null where the curve ends, or nearly so: what lies below is then most of it.
 */
export function populationRootEntropy({ sample, points, largestRank }: ResolventCurve): PopulationEstimate | null {
  const first = points[0];
  if (sample.rows < sample.population && first.df > LARGEST_CURVE_LOAD * sample.rows) return null;
  const last = points[points.length - 1];
  const entropy = (dfBelow: number): { t: number; u: number; value: number } => {
    // Both ends in closed form: df is constant below the first point, and 1 / a beyond the last.
    let t = 2 * dfBelow * Math.sqrt(first.a) + 2 / Math.sqrt(last.a);
    let u = 2 * dfBelow * Math.sqrt(first.a) * (Math.log(first.a) - 2) + (2 * (Math.log(last.a) + 2)) / Math.sqrt(last.a);
    for (const { a, df, weight } of points) {
      const part = (weight * df) / Math.sqrt(a);
      t += part;
      u += part * Math.log(a);
    }
    t /= Math.PI;
    u /= Math.PI;
    return { t, u, value: Math.log(t) - u / (2 * t) };
  };
  const least = entropy(first.df);
  const most = entropy(largestRank);
  const { t, u } = entropy((first.df + largestRank) / 2);
  const weights = points.map(({ a, weight }) => (weight * (u / t - Math.log(a))) / (4 * Math.PI * t * Math.sqrt(a)));
  let gap = 0;
  let absoluteGap = 0;
  const increments = new Float64Array(first.increments.length);
  points.forEach((point, k) => {
    gap += weights[k] * point.jensenGap;
    absoluteGap += Math.abs(weights[k]) * point.jensenGap;
    for (let i = 0; i < increments.length; i++) increments[i] += weights[k] * point.increments[i];
  });
  return jackknife(sample, (least.value + most.value) / 2 + gap, increments, absoluteGap / 2 + (most.value - least.value) / 2);
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
  return jackknife(sample, point.value + d * Math.log(relativeRidge / (1 + relativeRidge)), increments, point.jensenGap / 2);
}

interface LogDetPoint extends LeaveOneOut {
  readonly value: number;
  readonly df: number;
}

function logDetAt(sample: SampledMoment, alpha: number): LogDetPoint | null {
  const ridge = sampleRidge(sample, alpha);
  if (ridge === null) return null;
  const { increments, jensenGap } = leaveOneOut(sample, ridge.lambda);
  return { value: equivalentLogDet(sample, alpha, ridge) + jensenGap, df: ridge.df, increments, jensenGap };
}

interface SampleRidge {
  readonly lambda: number;
  readonly df: number;
  readonly free: number;
}

function equivalentLogDet({ eigenvalues, rows: n, population: N }: SpectralSample, alpha: number, { lambda, free }: SampleRidge): number {
  let plain = 0;
  for (const l of eigenvalues) plain += Math.log1p(l / lambda);
  return plain + n * Math.log(free) + N * Math.log((alpha * lambda) / free);
}

/** The ridge lambda of the sample for which lambda_N = 1 / alpha, with what goes with it. Null where it is not identifiable. */
function sampleRidge({ eigenvalues, rows: n, population: N }: SpectralSample, alpha: number): SampleRidge | null {
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
  return n < N && df > LARGEST_LOAD * n ? null : { lambda, df, free };
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

interface LeaveOneOut {
  /** log(1 + g_i) = -log(1 - l_i). */
  readonly increments: Float64Array;
  /** Of n of them, as far as a population of N leaves it. */
  readonly jensenGap: number;
}

function leaveOneOut(sample: SampledMoment, lambda: number): LeaveOneOut {
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
