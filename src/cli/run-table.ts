import { ALARM_EVIDENCE, WATCH_EVIDENCE } from '../runs/findings';
import { isWeights, sameMatrix } from '../runs/matrix-series';
import type { JudgedCheckpoint, MatrixReport, RunReport } from '../runs/run-report';
import { DEFAULT_ADVICE } from '../words/advice';
import { change, count, counted, number, percent, percentChange } from '../words/numbers';
import { evidenceText, outlookEntries } from '../words/run';
import { levelTag, levelText } from './levels';
import { displayWidth, padTo, printable, shorten, wrap } from './printable';
import { trendline } from './sparkline';
import type { Style } from './style';
import { type Column, renderTable } from './table';

const INDENT = '  ';
const MOST_REASONS = 5;
const MOST_LAYERS = 5;
/** Longer runs are shown by their turning points and their end. */
const MOST_ROWS = 30;
const LAST_ROWS = 16;
const TREND_WIDTH = 40;
const WIDEST_NAME = 24;

/** A run for a person: verdict and why, since when and where to, then a line per checkpoint, then what was read. */
export function runText(report: RunReport, style: Style, width: number): string {
  const inner = width - INDENT.length;
  const paragraphs = (texts: readonly string[]) => texts.flatMap((text) => wrap(printable(text), inner).map((line) => INDENT + line));
  const sections = [
    [heading(report, style, width), ...paragraphs(reasons(report))],
    outlookLines(report, style, width),
    ...checkpointSections(report, style, width),
    paragraphs([`${report.recognised} `.trimEnd(), ...report.missing]).map(style.dim),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function heading({ level, path }: RunReport, style: Style, width: number): string {
  const text = levelText(level, style);
  return style.bold(`${text}  ${shorten(printable(path), width - displayWidth(text) - 2)}`);
}

function reasons({ reasons }: RunReport): string[] {
  const messages = reasons.slice(0, MOST_REASONS).map(({ message }) => message);
  const more = reasons.length - messages.length;
  return more === 0 ? messages : [...messages, `And ${counted(more, 'more finding')}: --json has all.`];
}

/** When, where to and what next: labels in a column of their own, and what they say wrapped beside them. */
function outlookLines(report: RunReport, style: Style, width: number): string[] {
  const { level } = report;
  const advice = level === 'healthy' || level === 'unknown' || level === 'watch' ? [] : [{ term: 'Next', value: DEFAULT_ADVICE[level] }];
  const entries = [...outlookEntries(report), ...advice];
  const label = Math.max(0, ...entries.map(({ term }) => term.length)) + 2;
  return entries.flatMap(({ term, value }) =>
    wrap(printable(value), width - INDENT.length - label).map(
      (line, i) => INDENT + style.bold(padTo(i === 0 ? term : '', label, 'left')) + line,
    ),
  );
}

function checkpointSections(report: RunReport, style: Style, width: number): string[][] {
  const baseline = report.checkpoints.find(({ name }) => name === report.baseline);
  if (baseline === undefined) return [];
  const embeddings = baseline.matrices.find((matrix) => !isWeights(matrix));
  const last = report.checkpoints.at(-1)!;
  const layers = layersSection(baseline, last, style, width);
  if (embeddings === undefined) return [weightsTable(report, baseline, style), layers];
  return [trend(report, embeddings, style), ...embeddingsTable(report, embeddings, style, width), layers];
}

type Shown = 'effectiveRank' | 'shape' | 'logScale' | 'participationRatio';

function numberOf(matrix: MatrixReport | undefined, id: Shown): number {
  return matrix?.report.quantities[id]?.value ?? Number.NaN;
}

/** The effective rank over the run in one line. */
function trend({ checkpoints, baseline }: RunReport, embeddings: MatrixReport, style: Style): string[] {
  const since = checkpoints.slice(checkpoints.findIndex(({ name }) => name === baseline));
  const ranks = since.map((checkpoint) => numberOf(sameMatrix(embeddings, checkpoint), 'effectiveRank'));
  const [first, last] = [ranks[0]!, ranks.at(-1)!];
  if (ranks.length < 2 || !Number.isFinite(first) || !Number.isFinite(last)) return [];
  const words = `${number(first)} to ${number(last)} (${percentChange(first, last)})`;
  return [`${INDENT}${style.bold('Effective rank')}  ${style.cyan(trendline(ranks, TREND_WIDTH))}  ${words}`];
}

const EMBEDDING_COLUMNS = ['Effective rank', 'Shape', 'Log scale', 'Participation ratio', 'dU', 'Evidence'];
/** Where the others do not fit. */
const SHORT_COLUMNS = ['Eff. rank', 'Shape', 'Scale', 'PR', 'dU', 'Evidence'];

function embeddingsTable(report: RunReport, embeddings: MatrixReport, style: Style, width: number): string[][] {
  const { rows, left } = tableRows(report, style, (checkpoint) => {
    const matrix = sameMatrix(embeddings, checkpoint);
    const dU = checkpoint.drift.U_cov?.value ?? null;
    const evidence = Object.values(checkpoint.drift).flatMap((drift) => (drift.evidence === null ? [] : [drift.evidence]));
    return [
      ...(['effectiveRank', 'shape', 'logScale', 'participationRatio'] as const).map((id) => cell(numberOf(matrix, id))),
      dU === null ? '' : change(dU),
      evidence.length === 0 ? '' : evidenceText(Math.max(...evidence)),
    ];
  });
  const widest = rowsWithColumns(EMBEDDING_COLUMNS, rows, style);
  const fits = widest.every((line) => displayWidth(line) <= width);
  const table = fits ? widest : rowsWithColumns(SHORT_COLUMNS, rows, style);
  const others = (report.checkpoints.at(-1)?.matrices ?? []).filter((matrix) => !isWeights(matrix) && matrix.file !== embeddings.file);
  const legend = [
    fits
      ? 'Effective rank and participation ratio count directions; '
      : 'Eff. rank: effective rank. PR: participation ratio. Scale: log scale. ',
    fits ? 'shape, log scale and dU are in nats. ' : 'Shape, scale and dU are in nats. ',
    "dU is the drift of SIGMA's U_cov since the baseline. ",
    `Evidence is the most that one quantity gives for a change: from ${WATCH_EVIDENCE} on their mean is worth watching, at ${ALARM_EVIDENCE} it raises the alarm.`,
    left,
    others.length === 0 ? '' : ` The numbers are those of ${embeddings.file}; ${others[0]!.file} is judged too.`,
  ].join('');
  return [table, wrap(printable(legend), width).map(style.dim)];
}

function weightsTable(report: RunReport, baseline: JudgedCheckpoint, style: Style): string[] {
  const { rows, left } = tableRows(report, style, (checkpoint) => {
    const kept = losses(baseline, checkpoint).map(({ before, now }) => now / before);
    return [count(checkpoint.matrices.length), checkpoint === baseline || kept.length === 0 ? '' : percent(Math.min(...kept))];
  });
  return [...rowsWithColumns(['Matrices', 'Least rank left'], rows, style), ...(left === '' ? [] : [style.dim(left.trimStart())])];
}

/** A line for each checkpoint, those in the middle of a long run left out. `left` says how many, in a sentence after a space. */
function tableRows(
  { checkpoints, baseline, onset, alarm }: RunReport,
  style: Style,
  cells: (checkpoint: JudgedCheckpoint) => readonly string[],
): { readonly rows: readonly (readonly string[])[]; readonly left: string } {
  const first = checkpoints.findIndex(({ name }) => name === baseline);
  const turning = new Set([baseline, onset?.name, alarm?.name]);
  const shown = checkpoints
    .map((checkpoint, i) => ({ checkpoint, i }))
    .filter(({ checkpoint: { name, level }, i }) => {
      if (checkpoints.length <= MOST_ROWS || turning.has(name) || i >= checkpoints.length - LAST_ROWS) return true;
      return i > first && level !== checkpoints[i - 1]!.level;
    });
  const rows = shown.map(({ checkpoint, i }) => {
    const { name, level } = checkpoint;
    const isBaseline = name === baseline && (level === 'unknown' || level === 'healthy');
    const tag = i < first ? style.dim('before it') : isBaseline ? style.dim('baseline') : levelTag(level, style);
    return [shorten(printable(name), WIDEST_NAME), tag, ...cells(checkpoint)];
  });
  const hidden = checkpoints.length - shown.length;
  return { rows, left: hidden === 0 ? '' : ` ${counted(hidden, 'more checkpoint')} in between: --json has all.` };
}

function rowsWithColumns(headings: readonly string[], rows: readonly (readonly string[])[], style: Style): string[] {
  const columns: Column[] = [
    { heading: 'Checkpoint', align: 'left' },
    { heading: 'Level', align: 'left' },
    ...headings.map((heading): Column => ({ heading, align: 'right' })),
  ];
  return renderTable(columns, rows, style);
}

/** Weight matrices of both, with their effective ranks. */
function losses(baseline: JudgedCheckpoint, checkpoint: JudgedCheckpoint) {
  return baseline.matrices.filter(isWeights).flatMap((matrix) => {
    const before = numberOf(matrix, 'effectiveRank');
    const now = numberOf(sameMatrix(matrix, checkpoint), 'effectiveRank');
    return Number.isFinite(now / before) ? [{ matrix, before, now }] : [];
  });
}

function layersSection(baseline: JudgedCheckpoint, last: JudgedCheckpoint, style: Style, width: number): string[] {
  if (baseline === last) return [];
  const lost = losses(baseline, last)
    .filter(({ before, now }) => now < before)
    .sort((a, b) => a.now / a.before - b.now / b.before)
    .slice(0, MOST_LAYERS);
  if (lost.length === 0) return [];
  const columns: readonly Column[] = [
    { heading: 'Layer', align: 'left' },
    { heading: 'Before', align: 'right' },
    { heading: 'Now', align: 'right' },
    { heading: 'Change', align: 'right' },
  ];
  const numbers = lost.map(({ before, now }) => [number(before), number(now), percentChange(before, now)]);
  const beside = numbers.reduce(
    (most, cells) =>
      Math.max(
        most,
        cells.reduce((sum, text) => sum + Math.max(6, displayWidth(text)) + 2, 0),
      ),
    0,
  );
  const rows = lost.map(({ matrix }, i) => [shorten(layerName(matrix), Math.max(12, width - beside)), ...numbers[i]!]);
  return [style.bold(`Most effective rank lost since ${printable(baseline.name)}`), ...renderTable(columns, rows, style)];
}

function layerName({ file, report }: MatrixReport): string {
  return printable(report.source.tensor ?? file);
}

function cell(value: number): string {
  return Number.isFinite(value) ? number(value) : 'n/a';
}
