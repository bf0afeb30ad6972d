import type { Level, SpectralReport } from '../analysis/report';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import type { TensorInfo } from '../formats/matrix-source';
import { count, number } from '../words/numbers';
import { levelTag, levelText } from './levels';
import { displayWidth, printable, shorten, wrap } from './printable';
import type { Style } from './style';
import { type Column, renderTable, widthBeside } from './table';

const COLUMNS: readonly Column[] = [
  { heading: 'Verdict', align: 'left' },
  { heading: 'Tensor', align: 'left' },
  { heading: 'Shape', align: 'right' },
  { heading: 'Effective rank', align: 'right' },
];
const NAME = 1;
const NARROWEST_NAME = 12;

/**
 * The matrices of one file for a person, one line each, worst first.
 * @param tensors all tensors of the file, also those that are no matrices
 */
export function tensorTable(
  path: string,
  tensors: readonly TensorInfo[],
  reports: readonly SpectralReport[],
  style: Style,
  width: number,
): string {
  const sorted = [...reports].sort((a, b) => severity(a.verdict.level) - severity(b.verdict.level));
  const rows = sorted.map((report) => [
    levelTag(report.verdict.level, style),
    printable(report.source.tensor ?? ''),
    `${count(report.source.rows)} × ${count(report.source.columns)}`,
    effectiveRank(report),
  ]);
  const nameWidth = Math.max(NARROWEST_NAME, width - widthBeside(NAME, COLUMNS, rows));
  for (const row of rows) row[NAME] = shorten(row[NAME]!, nameWidth);

  const worst = sorted[0]!;
  const level = levelText(worst.verdict.level, style);
  return [
    style.bold(`${level}  ${shorten(printable(path), width - displayWidth(level) - 2)}`),
    ...wrap(`${tally(reports)}${leftOut(tensors)}`, width - 2).map((line) => `  ${line}`),
    '',
    ...renderTable(COLUMNS, rows, style),
    '',
    ...(worst.verdict.level === 'healthy' ? [] : wrap(whyWorst(worst), width)),
    style.dim('One of them in full: --tensor NAME'),
  ].join('\n');
}

function whyWorst({ source, verdict }: SpectralReport): string {
  return `Worst: ${printable(source.tensor ?? '')}. ${printable(verdict.reasons[0]!.message)}`;
}

function severity(level: Level): number {
  return LEVELS_WORST_FIRST.indexOf(level);
}

function tally(reports: readonly SpectralReport[]): string {
  const counts = LEVELS_WORST_FIRST.map((level) => [level, reports.filter((report) => report.verdict.level === level).length] as const)
    .filter(([, times]) => times > 0)
    .map(([level, times]) => `${count(times)} ${level}`);
  return `${count(reports.length)} matrices: ${counts.join(', ')}.`;
}

function leftOut(tensors: readonly TensorInfo[]): string {
  const others = tensors.filter((tensor) => tensor.matrix === null);
  if (others.length === 0) return '';
  const example = printable(others[0]!.name);
  return others.length === 1
    ? ` One tensor is not a matrix: ${example}.`
    : ` ${count(others.length)} tensors are not matrices, e.g. ${example}.`;
}

function effectiveRank({ quantities }: SpectralReport): string {
  const value = quantities.effectiveRank?.value ?? null;
  return value === null ? 'n/a' : number(value);
}
