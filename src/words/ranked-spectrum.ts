import type { Density, Spectrum } from '../analysis/report';

/** Both spectra by rank, the strongest direction first: eigenvalues where they were computed, what an estimated density says of them elsewhere. */
export interface RankedSpectrum {
  readonly eigenvalues: Float64Array;
  readonly centred: Float64Array;
  /** How many of each, from the first on, are computed eigenvalues. */
  readonly computed: { readonly eigenvalues: number; readonly centred: number };
}

export function rankedSpectrum(spectrum: Spectrum): RankedSpectrum {
  const { eigenvalues } = spectrum;
  if (spectrum.kind === 'exact') {
    const { centred } = spectrum;
    return { eigenvalues, centred, computed: { eigenvalues: eigenvalues.length, centred: centred.length } };
  }
  const least = eigenvalues.at(-1) ?? Number.POSITIVE_INFINITY;
  const ranked = byRank(spectrum.density).map((value, index) => eigenvalues[index] ?? Math.min(value, least));
  return { eigenvalues: ranked, centred: byRank(spectrum.centredDensity), computed: { eigenvalues: eigenvalues.length, centred: 0 } };
}

/** The mean of the eigenvalues between the ranks k - 1 and k of a density, so that their sum is that of the density. */
function byRank({ nodes, weights }: Density): Float64Array {
  const columns = Math.round(weights.reduce((sum, weight) => sum + weight, 0));
  const values = new Float64Array(columns);
  let from = 0;
  for (let k = 0; k < nodes.length; k++) {
    const to = from + weights[k]!;
    for (let rank = Math.floor(from); rank < Math.min(to, columns); rank++) {
      values[rank]! += nodes[k]! * (Math.min(to, rank + 1) - Math.max(from, rank));
    }
    from = to;
  }
  return values;
}

/** How exact eigenvalues were come by, where it is not by the Gram matrix; empty otherwise. */
export function factored(spectrum: Spectrum): string {
  return spectrum.kind === 'exact' && spectrum.method === 'qr'
    ? 'From a QR factorisation of the rows, as their Gram matrix would have lost the weakest directions.'
    : '';
}
