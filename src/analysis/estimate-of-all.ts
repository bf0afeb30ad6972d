import type { Bound, Bounded } from '../spectral/bounded';
import type { PopulationEstimate } from '../spectral/jackknife';
import { studentQuantile } from '../spectral/student';
import { grouped } from './grouped';

/** An estimate for all rows with its interval, and around it what is proven. @param transform monotone */
export function estimateOfAll(
  { value, standardError, degreesOfFreedom, biasAllowance }: PopulationEstimate,
  confidence: number,
  method: string,
  outside: readonly Bound[] = [],
  transform = (x: number) => x,
): Bounded {
  const half = studentQuantile((1 + confidence) / 2, degreesOfFreedom) * standardError + biasAllowance;
  const ends = [transform(value - half), transform(value + half)];
  const interval: Bound = { lower: Math.min(...ends), upper: Math.max(...ends), kind: 'stochastic', confidence, method };
  return { value: transform(value), exact: false, bounds: [interval, ...outside], reason: null };
}

/** The sentence beside an estimate that has no interval. */
export function withoutInterval(rows: number, population: number): string {
  return `Estimated from ${grouped(rows)} of ${grouped(population)} rows, without a confidence interval.`;
}
