import type { Backend, BackendDescription } from '../compute/kernels';
import { sigmaUb } from '../spectral/sigma-ub';
import { matrixFreeSpectra } from './matrix-free';
import { type RowFacts, RowPreparation } from './prepare-rows';
import { qrSpectra } from './qr-spectra';
import { bulkEdge, noiseFloor, quantities } from './quantities';
import type { Rows } from './read-rows';
import type { AnalysisOptions, SpectralReport } from './report';
import type { Passes } from './row-operator';
import { rowQuantities } from './row-quantities';
import { samplingDeviation } from './sampling-deviation';
import { SHAPE_RIDGE } from './scales';
import type { Spectra } from './spectra';

/** The part of a report that is computed from rows. */
export interface Measured extends Pick<SpectralReport, 'sigma' | 'spectrum' | 'quantities' | 'sampling'> {
  /** Where other kernels than the backend's were used, or in another precision; null where they were not. */
  readonly backend: BackendDescription | null;
}

/** Where no row could be used. */
export const NOTHING: Measured = {
  sigma: null,
  spectrum: null,
  quantities: { codingLogDet: [], effectiveDimension: [] },
  sampling: null,
  backend: null,
};

/** What holds for the whole analysis of a matrix. */
export interface Settings {
  readonly columns: number;
  /** Whether rows are scaled to unit length. */
  readonly normalize: boolean;
  readonly weights: boolean;
  readonly options: AnalysisOptions;
  readonly backend: Backend;
}

/** Rows from which every eigenvalue can be computed. */
export interface DenseRows {
  readonly spectra: Spectra;
  readonly facts: RowFacts;
  /** Usable rows of the file, as far as is known. */
  readonly population: number;
  /** Usable rows beyond the sample. */
  readonly heldOut: Rows | null;
  /** Passes over all rows, where they hold more than their Gram matrix keeps. */
  readonly passes: (() => AsyncIterable<Rows>) | null;
}

export async function measureDense(
  { spectra, facts, population, heldOut, passes }: DenseRows,
  { columns, normalize, weights, options, backend }: Settings,
  poll: () => void,
): Promise<Measured> {
  let best = spectra;
  let floors = {
    uncentred: noiseFloor(spectra.uncentred, spectra),
    centred: noiseFloor(spectra.centred, spectra),
  };
  // The tail has drowned in the square of the condition number.
  const qr = passes !== null && spectra.rows > columns && spectra.uncentred[columns - 1] <= floors.uncentred;
  if (qr) {
    const { uncentred, centred, noiseFloor } = await qrSpectra(passes, columns, poll);
    best = { ...spectra, uncentred, centred };
    floors = { uncentred: noiseFloor, centred: noiseFloor };
  }
  const gram = best.uncentred.map((l) => l * spectra.rows);
  const sigma = sigmaUb(gram, spectra.rows, population, columns, options.ridge, facts.rho);
  const { uncentred, centred } = best;
  return {
    sigma,
    spectrum: {
      kind: 'exact',
      method: qr ? 'qr' : 'gram',
      eigenvalues: uncentred,
      centred,
      noiseFloor: floors.uncentred,
      marchenkoPasturEdge: bulkEdge(best, floors.uncentred),
    },
    quantities: quantities({
      spectra: best,
      facts,
      sigma,
      confidence: options.confidence,
      normalized: normalize,
      floors,
      heldOut: (heldOut !== null && spectra.outside?.(heldOut)) || null,
      weights,
      poll,
    }),
    sampling: weights ? null : samplingDeviation(spectra, SHAPE_RIDGE, options.ridge),
    backend: spectra.productError === null ? null : { ...backend.description, precision: 'float32' },
  };
}

/**
 * Rows of which neither side is small enough for a matrix: by passes over all of them.
 * @param passes each with the preparation that it is given, which counts what it sees
 * @param spread rows evenly spread over some of them
 */
export async function measureMatrixFree(
  passes: (preparation?: RowPreparation) => AsyncIterable<Rows>,
  spread: readonly Float64Array[],
  { columns, normalize, weights, options, backend }: Settings,
  hooks: { poll(): void; progress(fraction: number, stage: string): void },
): Promise<{ readonly facts: RowFacts; readonly measured: Measured }> {
  // The first pass counts.
  const counting = new RowPreparation(columns, normalize);
  let first = true;
  const eachPass: Passes = () => {
    const preparation = first ? counting : undefined;
    first = false;
    return passes(preparation);
  };
  const { confidence, ridge, seed } = options;
  const matrixFree = { seed, confidence, ridge, normalized: normalize, weights };
  const { quantities, spectrum, precision } = await matrixFreeSpectra(eachPass, columns, backend.kernels, matrixFree, hooks);
  const facts = counting.facts();
  const ofRows = rowQuantities({ facts, spread, population: facts.used, columns, confidence, normalized: normalize });
  // Only now: a GPU that has failed meanwhile has left its reason here.
  const { description } = backend;
  const onCpu: BackendDescription | null =
    description.name === 'cpu' || precision === 'float32'
      ? null
      : {
          ...description,
          name: 'cpu',
          device: 'processor',
          precision,
          fallbackReason: 'The GPU has no room for all rows of so wide a matrix.',
        };
  return { facts, measured: { sigma: null, spectrum, quantities: { ...quantities, ...ofRows }, sampling: null, backend: onCpu } };
}
