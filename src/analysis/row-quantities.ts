import { type Bounded, exact, unavailable } from '../spectral/bounded';
import { isExact } from '../spectral/distinct-rows';
import { jackknife, logIncrement } from '../spectral/jackknife';
import { populationUniformity } from '../spectral/uniformity';
import { dot } from '../spectral/vectors';
import { estimateOfAll, withoutInterval } from './estimate-of-all';
import { grouped } from './grouped';
import type { RowFacts } from './prepare-rows';
import type { Quantities } from './report';
import { PAIR_BUDGET } from './spectra';

const U_STATISTIC = 'U-statistic, jackknife';

/** What rows tell without a spectrum. */
export interface RowEvidence {
  readonly facts: RowFacts;
  /** Rows evenly spread over those used. */
  readonly spread: readonly Float64Array[];
  /** Rows of the file. */
  readonly population: number;
  readonly columns: number;
  /** Level of stochastic intervals. */
  readonly confidence: number;
  readonly normalized: boolean;
}

export function rowQuantities({
  facts,
  spread,
  population,
  columns,
  confidence,
  normalized,
}: RowEvidence): Pick<Quantities, 'meanCosine' | 'distinctRowRatio' | 'uniformity'> {
  const rows = facts.used;
  const complete = rows === population;
  const sampled = withoutInterval(rows, population);
  const value = (x: number): Bounded => (complete ? exact(x) : { value: x, exact: false, bounds: [], reason: sampled });
  return { meanCosine: meanCosine(), distinctRowRatio: distinctRows(), uniformity: uniformity() };

  /** One minus the mean cosine of all pairs is a U-statistic, and positive: its logarithm is what is nearly symmetric. */
  function meanCosine(): Bounded {
    const { meanDirection, directed } = facts;
    if (directed < 2) return unavailable(rows < 2 ? 'One row has no pairs.' : 'Only one row is not zero.');
    const cosine = Math.min(1, (directed * dot(meanDirection, meanDirection) - 1) / (directed - 1));
    const distance = 1 - cosine;
    if (complete || directed < 3 || distance < 16 * Number.EPSILON) return value(cosine);
    const lengths = Float64Array.from(spread, (x) => Math.sqrt(dot(x, x)));
    const increments = Float64Array.from(
      spread.flatMap((x, i) => {
        if (lengths[i] === 0) return [];
        const withOthers = ((directed * dot(x, meanDirection)) / lengths[i] - 1) / (directed - 1);
        return logIncrement((1 - withOthers) / distance, directed, 2);
      }),
    );
    const size = { rows: directed, population: Math.round((population * directed) / rows) };
    const estimate = jackknife(size, Math.log(distance), increments);
    return estimateOfAll(estimate, confidence, U_STATISTIC, [], (log) => 1 - Math.exp(log));
  }

  function uniformity(): Bounded {
    if (!normalized) return unavailable('Defined for rows of unit length, and these are not scaled.');
    if (rows < 3) return unavailable('Needs at least three rows.');
    const step = Math.ceil(spread.length / Math.sqrt((2 * PAIR_BUDGET) / columns));
    const paired = spread.filter((_, k) => k % step === 0);
    const estimate = populationUniformity(paired, population);
    if (complete && paired.length === rows) return exact(estimate.value);
    const reason = `From all pairs of ${grouped(paired.length)} rows, evenly spread over those that were read.`;
    return { ...estimateOfAll(estimate, confidence, U_STATISTIC), reason };
  }

  function distinctRows(): Bounded {
    if (complete && isExact(facts.distinct)) return exact(facts.distinctRatio);
    return { value: facts.distinctRatio, exact: false, bounds: [], reason: complete ? 'Estimated by adaptive sampling.' : sampled };
  }
}
