import { jackknife, logIncrement, type PopulationEstimate } from './jackknife';
import { dot } from './vectors';

/** Rows that are paired while they are in the cache. */
const TILE = 32;

/**
 * log of the mean of exp(-2 |x - y|^2) over pairs of distinct rows of a population (Wang and Isola 2020, t = 2), from all pairs of some of its
 * rows: the log of a U-statistic, whose increments are the rows' means over the others (Hoeffding 1948).
 * O(m^2 d).
 * @param rows m >= 3 of them, of unit length, drawn without regard to their values
 * @param population number of all rows
 */
export function populationUniformity(rows: readonly Float64Array[], population: number): PopulationEstimate {
  const m = rows.length;
  const sums = new Float64Array(m);
  for (let top = 0; top < m; top += TILE) {
    for (let left = top; left < m; left += TILE) {
      const end = Math.min(left + TILE, m);
      for (let i = top; i < Math.min(top + TILE, m); i++) {
        for (let j = Math.max(left, i + 1); j < end; j++) {
          const potential = Math.exp(4 * (dot(rows[i], rows[j]) - 1));
          sums[i] += potential;
          sums[j] += potential;
        }
      }
    }
  }
  let mean = 0;
  for (const sum of sums) mean += sum / (m * (m - 1));
  const increments = sums.map((sum) => logIncrement(sum / ((m - 1) * mean), m, 2));
  return jackknife({ rows: m, population }, Math.log(mean), increments);
}
