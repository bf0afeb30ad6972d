import type { SpectralReport, Spectrum } from '../analysis/report';
import type { QuantityId } from '../spectral/definitions';
import { DEFAULT_ADVICE } from '../words/advice';
import { integrityEntries, SIGMA_TITLE } from '../words/entries';
import { bytes, count, duration, number } from '../words/numbers';
import { type QuantityRow, quantityGroups } from '../words/quantities';
import { rankedSpectrum } from '../words/ranked-spectrum';
import { verdictModel } from '../words/verdict';
import { levelText } from './levels';
import { displayWidth, padTo, printable, shorten, wrap } from './printable';
import { sparkline } from './sparkline';
import type { Style } from './style';

/** What a person reads first; `--json` and the panel have the rest. */
const EMBEDDING_HEADLINES: readonly QuantityId[] = [
  'effectiveRank',
  'participationRatio',
  'shape',
  'logScale',
  'meanCosine',
  'distinctRowRatio',
];
const WEIGHT_HEADLINES: readonly QuantityId[] = ['effectiveRank', 'stableRank', 'powerLawAlpha', 'alphaHat', 'mpSoftRank', 'spikes'];

const MORE = 'Every quantity: --json. The panel as a file: --html FILE.';
const INDENT = '  ';
const SPARKLINE_WIDTH = 60;

/** One report for a person: verdict and why, then the quantities that matter, then what to do. */
export function reportText(report: SpectralReport, style: Style, width: number): string {
  const inner = width - INDENT.length;
  const verdict = verdictModel(report, false);
  const paragraphs = (texts: readonly string[]) => texts.flatMap((text) => wrap(printable(text), inner));
  const sections = [
    [heading(report, style, width), ...indented(paragraphs(verdict.reasons))],
    indented(paragraphs([whatWasRead(report, verdict.sample), ...integrity(report)]).map(style.dim)),
    indented(report.spectrum === null ? [] : spectrumLines(report.spectrum, style, inner)),
    indented(quantityLines(headlines(report), style, inner)),
    indented(nextLines(verdict.advice.length > 0 ? verdict.advice : [DEFAULT_ADVICE[verdict.level]], style, inner)),
    indented(paragraphs([computation(report), MORE]).map(style.dim)),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => INDENT + line);
}

function heading({ verdict, source }: SpectralReport, style: Style, width: number): string {
  const level = levelText(verdict.level, style);
  const name = printable(source.tensor === null ? source.path : `${source.path} · ${source.tensor}`);
  return style.bold(`${level}  ${shorten(name, width - displayWidth(level) - 2)}`);
}

function whatWasRead({ source, options }: SpectralReport, sample: string): string {
  const scaled = options.normalize ? 'Rows are scaled to unit length.' : 'Rows are taken as they are.';
  const size = `${count(source.rows)} × ${count(source.columns)} ${source.dtype}, ${bytes(source.bytes)}.`;
  return [size, sample, scaled, source.note ?? ''].join(' ').trimEnd();
}

function integrity(report: SpectralReport): string[] {
  const found = integrityEntries(report).filter(({ alert }) => alert);
  if (found.length === 0) return ['No NaN, no infinities, no zero or duplicate rows, no constant columns.'];
  return found.map(({ term, value, note }) => `${term}: ${value}. ${note}`);
}

function spectrumLines(spectrum: Spectrum, style: Style, width: number): string[] {
  const { noiseFloor } = spectrum;
  const { eigenvalues, computed } = rankedSpectrum(spectrum);
  const resolved = eigenvalues.filter((value) => value > noiseFloor && value > 0);
  if (resolved.length === 0) return [];
  const lost = eigenvalues.length - resolved.length;
  const below = lost === 0 ? '' : `; ${count(lost)} more ${lost === 1 ? 'is' : 'are'} below the noise floor`;
  const range = `from ${number(resolved[0]!)} down to ${number(resolved.at(-1)!)}, on a log scale${below}.`;
  const words =
    spectrum.kind === 'exact'
      ? `Eigenvalues ${range}`
      : `Estimated density of the eigenvalues ${range}${someComputed(computed.eigenvalues)}`;
  return [style.cyan(sparkline(eigenvalues, noiseFloor, Math.min(width, SPARKLINE_WIDTH))), ...wrap(words, width).map(style.dim)];
}

function someComputed(count: number): string {
  if (count === 0) return '';
  return count === 1 ? ' The largest is computed.' : ` The ${count} largest are computed.`;
}

/** A quantity's line, and what it means. */
interface Line extends Pick<QuantityRow, 'label' | 'value' | 'unit' | 'known' | 'remark'> {
  readonly meaning: string;
}

/** The headlines, and every quantity that has an interval: intervals are what a sample is for. */
function headlines(report: SpectralReport): Line[] {
  const ids: readonly string[] = report.quantities.powerLawAlpha === undefined ? EMBEDDING_HEADLINES : WEIGHT_HEADLINES;
  const rows = quantityGroups(report).flatMap((group) => group.rows);
  const first = ids.map((id) => rows.find((row) => row.key === id)).filter((row) => row !== undefined);
  const bounded = rows.filter(
    (row) => !ids.includes(row.key) && row.known.some(({ kind }) => kind === 'deterministic' || kind === 'stochastic'),
  );
  const said = new Set<string>();
  const lines = [...first, ...bounded].map((row): Line => {
    const remark = row.remark === null || (row.value !== null && said.has(row.remark)) ? null : printable(row.remark);
    if (remark !== null) said.add(remark);
    return { ...row, remark, meaning: row.definition.meaning };
  });
  if (report.sigma === null) return lines;
  return [
    ...lines,
    {
      label: 'U_cov',
      value: number(report.sigma.U_cov),
      unit: 'nats',
      known: [{ text: report.sample.complete ? 'exact' : 'exact for the rows read', kind: 'exact' }],
      remark: null,
      meaning: `${SIGMA_TITLE}; compare checkpoints on equally many rows.`,
    },
  ];
}

function quantityLines(lines: readonly Line[], style: Style, width: number): string[] {
  const widest = (of: (line: Line) => string) => Math.max(0, ...lines.map((line) => displayWidth(of(line))));
  const withValue = lines.filter(({ value }) => value !== null);
  const labelWidth = Math.max(0, ...withValue.map(({ label }) => displayWidth(label)));
  const valueWidth = widest(({ value }) => value ?? '');
  const unitWidth = widest(({ unit }) => unit);
  return lines.flatMap(({ label, value, unit, known, remark, meaning }) => {
    const certainties = known.map(({ text }) => printable(text));
    if (value === null) return [style.bold(label), ...indented([remark ?? '', ...certainties].flatMap((text) => wrap(text, width - 2)))];
    const below = [meaning, ...(remark === null ? [] : [remark])].flatMap((text) => wrap(text, width - 2));
    const cells = [style.bold(padTo(label, labelWidth, 'left')), padTo(value, valueWidth, 'right'), padTo(unit, unitWidth, 'left')];
    const head = `${cells[0]}  ${cells[1]} ${cells[2]}  `;
    const beside = certainties.length === 1 && displayWidth(head) + displayWidth(certainties[0]!) <= width;
    const first = beside ? head + certainties[0] : head.trimEnd();
    return [first, ...(beside ? [] : indented(certainties.flatMap((text) => wrap(text, width - 2)))), ...indented(below).map(style.dim)];
  });
}

function nextLines(advice: readonly string[], style: Style, width: number): string[] {
  const label = 'Next  ';
  return wrap(advice.join(' '), width - label.length).map((line, i) => (i === 0 ? style.bold(label) : ' '.repeat(label.length)) + line);
}

function computation({ backend, timings }: SpectralReport): string {
  const { name, device, precision, selfTestError, fallbackReason } = backend;
  const time = timings.total === undefined ? '' : `, in ${duration(timings.total)}`;
  const why = fallbackReason === null ? '' : ` ${fallbackReason}`;
  return `Computed on ${name} (${device}), ${precision}, self-test error ${number(selfTestError)}${time}.${why}`;
}
