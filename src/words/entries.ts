import type { SpectralReport } from '../analysis/report';
import type { BackendDescription } from '../compute/kernels';
import { gaussianLogDetNull } from '../spectral/gaussian-null';
import type { SigmaUb } from '../spectral/sigma-ub';
import { count, duration, number, powerOfTen } from './numbers';

/** A name, what it is, and a word on what that means. */
export interface Entry {
  readonly term: string;
  readonly value: string;
  readonly note: string;
  /** True for what a person should not overlook. */
  readonly alert: boolean;
}

/** The integrity counts, each with what the statistics did about it. */
export function integrityEntries({ integrity, options }: SpectralReport): Entry[] {
  const { nan, inf, zeroRows, duplicateRows, constantColumns } = integrity;
  const entry = (term: string, value: number, found: string): Entry => ({
    term,
    value: value === 0 ? 'none' : count(value),
    note: value === 0 ? '' : found,
    alert: value > 0,
  });
  return [
    entry('NaN entries', nan, 'Rows that hold one are left out of every statistic.'),
    entry('Infinite entries', inf, 'Rows that hold one are left out of every statistic.'),
    entry(
      'Zero rows',
      zeroRows,
      options.normalize ? 'They have no direction and are left out of every statistic.' : 'They stay in: each counts as a row.',
    ),
    entry('Duplicate rows', duplicateRows, 'They stay in: each copy counts as a row of its own.'),
    entry('Constant columns', constantColumns, 'They stay in: they add to the mean, and nothing to the variance around it.'),
  ];
}

export const SIGMA_TITLE = 'SIGMA-UB, as reconstructed from public implementations of arXiv:2601.03385';

export function sigmaEntries(sigma: SigmaUb): Entry[] {
  const entry = (term: string, value: string, note: string): Entry => ({ term, value, note, alert: false });
  return [
    entry('S', `${number(sigma.S)} nats`, 'Log-determinant of the Gram matrix of the observed rows, with the ridge.'),
    entry(
      'U_cov',
      `${number(sigma.U_cov)} nats`,
      'Track II, stochastic: S less the part that grows with the number of rows. A sustained fall is the sign of collapse.',
    ),
    entry(
      'G_KF',
      sigma.G_KF === null ? 'not defined' : `${number(sigma.G_KF)} nats`,
      sigma.G_KF === null
        ? 'Track I, deterministic: it bounds the rows that were not observed, and here every row was.'
        : 'Track I, deterministic: gain over what the rows that were not observed could add at most.',
    ),
    ...gaussianEntry(sigma),
    entry('n_A', count(sigma.n_A), 'Rows observed.'),
    entry('n_k', count(sigma.n_k), 'Rows of the whole matrix.'),
    entry('m', count(sigma.m), 'Dimension of a row.'),
    entry('\u03b2', number(sigma.beta), 'Most that the rows not observed can add in one direction: (n_k \u2212 n_A) \u03c1.'),
    entry('\u03c1', number(sigma.rho), 'Largest squared length of a row.'),
    entry('\u03b4', number(sigma.delta), 'Ridge that keeps the determinant finite.'),
  ];
}

/** Two checkpoints differ by sqrt 2 such deviations from the draw of their rows alone. */
function gaussianEntry({ n_A, m }: SigmaUb): Entry[] {
  const law = gaussianLogDetNull(n_A, m);
  if (law === null) return [];
  const note =
    'Were the rows Gaussian, Track II would lie off its limit by this (mean and standard deviation): what a drift has to exceed at the least.';
  return [{ term: 'Gaussian null', value: `${number(law.mean)} \u00b1 ${number(law.sd)} nats`, note, alert: false }];
}

const STAGES: Readonly<Record<string, string>> = { read: 'reading', gram: 'products', eigen: 'eigenvalues', total: 'in all' };

export function computeEntries({ backend, options, spectrum, timings }: SpectralReport): Entry[] {
  const entry = (term: string, value: string, note = ''): Entry => ({ term, value, note, alert: false });
  const entries = [
    entry('Computed on', backendName(backend), backend.device),
    entry('Precision', backend.precision, precisionNote(backend, spectrum)),
    entry('Self-test error', scientific(backend.selfTestError), 'On a known answer at start, relative to its largest entry.'),
    entry('Rows', options.normalize ? 'scaled to unit length' : 'as they are', options.normalize ? '' : 'Not scaled to unit length.'),
  ];
  if (backend.fallbackReason !== null) entries.push(entry('Fell back because', backend.fallbackReason));
  const parts = Object.entries(timings).map(([stage, time]) => `${STAGES[stage] ?? stage} ${duration(time)}`);
  if (parts.length > 0) entries.push(entry('Time', parts.join(', ')));
  return entries;
}

/** Of float32, also what was measured that it costs. */
function precisionNote({ precision }: BackendDescription, spectrum: SpectralReport['spectrum']): string {
  const note = 'Of the products; sums and eigenvalues are float64 everywhere.';
  if (precision === 'float64' || spectrum?.kind !== 'exact') return note;
  return `${note} Against float64, eigenvalues are off by at most ${scientific(spectrum.noiseFloor)} (root of the mean square, 99.5 % confidence).`;
}

function backendName({ name }: BackendDescription): string {
  return name === 'cpu' ? 'the processor (CPU)' : 'the graphics card (WebGPU)';
}

/** Two digits: an error is an order of magnitude. */
function scientific(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return number(value);
  const [mantissa, exponent] = value.toExponential(1).split('e');
  return `${mantissa} × ${powerOfTen(Number(exponent))}`;
}
