import type { SpectralReport } from '../analysis/report';
import { drift } from '../spectral/sigma-ub';
import { number } from '../words/numbers';
import { change, percentChange } from './changes';
import { printable, wrap } from './printable';
import type { Style } from './style';
import { type Column, renderTable } from './table';

/** One generation of recursive training. */
export interface Generation {
  readonly number: number;
  readonly report: SpectralReport;
}

const COLUMNS: readonly Column[] = ['Generation', 'Effective rank', 'Shape', 'Log scale', 'Mean cosine', 'U_cov', 'dU'].map((heading) => ({
  heading,
  align: 'right',
}));

/**
 * A run as a table with one line per generation, and what its numbers say.
 * @param generations in order, at least one; the first is the baseline of the drift
 */
export function runText(name: string, generations: readonly Generation[], style: Style, width: number): string {
  const baseline = generations[0]!.report;
  const rows = generations.map(({ number: k, report }) => [
    String(k),
    cell(value(report, 'effectiveRank')),
    cell(value(report, 'shape')),
    cell(value(report, 'logScale')),
    cell(value(report, 'meanCosine')),
    cell(report.sigma?.U_cov ?? null),
    cell(driftOf(report, baseline), change),
  ]);
  return [style.bold(printable(name)), ...renderTable(COLUMNS, rows, style), ...wrap(conclusion(generations), width)].join('\n');
}

/** What changed from the first generation to the last, and how steadily, in words. */
export function conclusion(generations: readonly Generation[]): string {
  const first = generations[0]!;
  const last = generations.at(-1)!;
  const changes = [
    changed('effective rank', value(first.report, 'effectiveRank'), value(last.report, 'effectiveRank'), (from, to) => {
      return `from ${number(from)} to ${number(to)} (${percentChange(from, to)})`;
    }),
    changed('shape', value(first.report, 'shape'), value(last.report, 'shape'), byNats),
    changed("SIGMA's U_cov", first.report.sigma?.U_cov ?? null, last.report.sigma?.U_cov ?? null, byNats),
  ].filter((phrase) => phrase !== null);
  if (changes.length === 0) return 'Nothing can be compared between its first and its last generation.';
  const steps = generations.length - 1;
  const falls = (of: (report: SpectralReport) => number | null) =>
    generations.slice(1).filter(({ report }, i) => (of(report) ?? Number.NaN) < (of(generations[i]!.report) ?? Number.NaN)).length;
  const shape = falls((report) => value(report, 'shape'));
  const U_cov = falls((report) => report.sigma?.U_cov ?? null);
  return `From generation ${first.number} to ${last.number}, ${joinPhrases(changes)}. Shape fell in ${shape} of ${steps} steps, U_cov in ${U_cov}.`;
}

function changed(name: string, from: number | null, to: number | null, how: (from: number, to: number) => string): string | null {
  if (from === null || to === null) return null;
  return `${name} ${to < from ? 'fell' : 'rose'} ${how(from, to)}`;
}

function byNats(from: number, to: number): string {
  return `by ${number(Math.abs(to - from))} nats`;
}

function joinPhrases(phrases: readonly string[]): string {
  return phrases.length < 2 ? phrases.join('') : `${phrases.slice(0, -1).join(', ')} and ${phrases.at(-1)}`;
}

function driftOf(report: SpectralReport, baseline: SpectralReport): number | null {
  return report.sigma === null || baseline.sigma === null ? null : drift(report.sigma, baseline.sigma).dU_cov;
}

function value(report: SpectralReport, id: 'effectiveRank' | 'shape' | 'logScale' | 'meanCosine'): number | null {
  return report.quantities[id]?.value ?? null;
}

function cell(value: number | null, format = number): string {
  return value === null ? 'n/a' : format(value);
}
