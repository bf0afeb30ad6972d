import { DEFINITIONS } from '../../../src/spectral/definitions';
import { number, reported } from '../../../src/words/numbers';
import { evidenceText } from '../../../src/words/run';
import type { Measure, TimelineQuantity } from '../protocol';

/** How a quantity of the timeline is called, with its unit. */
export interface QuantityWords {
  readonly label: string;
  readonly unit: string;
}

const OWN: Readonly<Record<'uCovDrift' | 'evidence', QuantityWords>> = {
  uCovDrift: { label: 'U_cov drift', unit: 'nats since the baseline' },
  evidence: { label: 'Evidence of a change', unit: '' },
};

export function quantityWords(quantity: TimelineQuantity): QuantityWords {
  if (quantity === 'uCovDrift' || quantity === 'evidence') return OWN[quantity];
  const { label, unit } = DEFINITIONS[quantity];
  return { label, unit: unit === 'nats' || unit === 'directions' ? unit : '' };
}

/** Quantities that count directions, and so have a share of what they were; the others have a difference. */
export function hasShare(quantity: TimelineQuantity): boolean {
  return quantity !== 'uCovDrift' && quantity !== 'evidence' && DEFINITIONS[quantity].unit === 'directions';
}

export function valueText(quantity: TimelineQuantity, { value, exact }: Measure): string {
  return quantity === 'evidence' ? evidenceText(value) : reported(value, exact);
}

/** The value, and the interval around it where there is one. */
export function measureText(quantity: TimelineQuantity, measure: Measure): string {
  const value = valueText(quantity, measure);
  return measure.interval === null ? value : `${value}, between ${number(measure.interval[0])} and ${number(measure.interval[1])}`;
}
