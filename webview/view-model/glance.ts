import type { SpectralReport } from '../../src/analysis/report';
import { DEFINITIONS } from '../../src/spectral/definitions';
import { count, percent, reported } from '../../src/words/numbers';
import { possibleDirections } from '../../src/words/quantities';
import { rankedSpectrum } from '../../src/words/ranked-spectrum';
import { cumulativeShares, directionsFor } from './variance';

/** One of the few facts that tell most, in large type under the verdict. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly explanation: string;
  /** Share of a whole in [0, 1] that the value is, for the strip below it. */
  readonly share: number;
}

export function glance(report: SpectralReport): Fact[] {
  const { quantities, spectrum } = report;
  const possible = possibleDirections(report);
  const facts: Fact[] = [];
  const { effectiveRank, meanCosine, distinctRowRatio } = quantities;
  if (typeof effectiveRank?.value === 'number') {
    facts.push({
      label: DEFINITIONS.effectiveRank.label,
      value: reported(effectiveRank.value, effectiveRank.exact),
      explanation: `of ${count(possible)} directions in use`,
      share: effectiveRank.value / possible,
    });
  }
  const cumulative = spectrum === null ? null : cumulativeShares(rankedSpectrum(spectrum).centred);
  if (cumulative !== null) {
    const [[, directions]] = directionsFor(cumulative, [0.9]) as [[number, number]];
    facts.push({
      label: 'Bulk of the variance',
      value: reported(directions, spectrum?.kind === 'exact'),
      explanation: `${directions === 1 ? 'direction carries' : 'directions carry'} 90 % of it`,
      share: directions / possible,
    });
  }
  if (typeof meanCosine?.value === 'number') {
    facts.push({
      label: DEFINITIONS.meanCosine.label,
      value: reported(meanCosine.value, meanCosine.exact),
      explanation: 'between two rows; 1 means all say the same',
      share: meanCosine.value,
    });
  }
  if (typeof distinctRowRatio?.value === 'number') {
    facts.push({
      label: DEFINITIONS.distinctRowRatio.label,
      value: percent(distinctRowRatio.value),
      explanation: 'of the rows are not copies of another',
      share: distinctRowRatio.value,
    });
  }
  return facts.map((fact) => ({ ...fact, share: Math.min(1, Math.max(0, fact.share)) }));
}
