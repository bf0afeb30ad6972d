/** One statement about where a quantity lies. A one-sided bound is null on its open side. */
export interface Bound {
  readonly lower: number | null;
  readonly upper: number | null;
  /** `deterministic`: a certificate, true for every input. `stochastic`: true with probability `confidence`. */
  readonly kind: 'deterministic' | 'stochastic';
  /** 1 for a certificate. */
  readonly confidence: number;
  /** The method by its name in the literature. */
  readonly method: string;
}

/** Every number a person sees: a value (or a sentence that says why there is none) and what is known about it. */
export interface Bounded {
  readonly value: number | null;
  /** True when `value` is the quantity of all rows, up to the rounding of the stated precision. */
  readonly exact: boolean;
  readonly bounds: readonly Bound[];
  /** A sentence: why there is no value, or what the value must not be mistaken for. */
  readonly reason: string | null;
}

export function exact(value: number): Bounded {
  return { value, exact: true, bounds: [], reason: null };
}

export function unavailable(reason: string, bounds: readonly Bound[] = []): Bounded {
  return { value: null, exact: false, bounds, reason };
}

export function certificate(lower: number | null, upper: number | null, method: string): Bound {
  return { lower, upper, kind: 'deterministic', confidence: 1, method };
}
