import { basename } from 'node:path';
import { compare, type Side } from '../analysis/compare';
import type { Comparison, Permuted } from '../analysis/comparison';
import { type AnalysisOptions, DEFAULT_OPTIONS, type SpectralReport } from '../analysis/report';
import { toJson } from '../analysis/report-json';
import { selectBackend } from '../compute/select';
import type { TensorFile } from '../formats/matrix-source';
import { openTensorFile } from '../formats/registry';
import { count, number, percent } from '../words/numbers';
import { sampleSentence } from '../words/verdict';
import { ANALYSIS_FLAGS, analysisOptions } from './analysis-flags';
import { parseArguments } from './arguments';
import { change, percentChange } from './changes';
import { oneMatrix } from './choose-tensor';
import { type Command, ExitCode } from './command';
import { Failure } from './failure';
import { levelText } from './levels';
import { displayWidth, padTo, printable, shorten, wrap } from './printable';
import type { Style } from './style';
import { renderTable } from './table';

const HELP = `Usage: sigma compare A B [flags]

Two files with as many columns, A the baseline: what changed from A to B, how far apart they are, and,
where both have equally many rows, whether chance alone could do that. Row i of A is then taken to
belong to row i of B (the same prompt, the same token).

  --tensor NAME      the tensor of both files; needed where a file holds several matrices
  --rows N|all       read at most N rows of each, the same ones, drawn at random (default: all)
  --seed N           of that draw, and of the permutations (default: ${DEFAULT_OPTIONS.seed})
  --ridge D          delta of logdet(G + delta I) (default: ${DEFAULT_OPTIONS.ridge})
  --no-normalize     take rows as they are (default: embeddings are scaled to unit length, weights are not)
  --backend NAME     auto, webgpu or cpu (default: ${DEFAULT_OPTIONS.backend})
  --json             one JSON document (sigma.compare/1)

Exit codes: 0 fine, whatever was found, 2 something could not be done, 130 interrupted.`;

export const compareCommand: Command = {
  name: 'compare',
  summary: 'what changed between two files, and whether chance could do it',
  help: HELP,
  async run(args, terminal) {
    const { paths, tensor, options, json } = parseRequest(args);
    const files: TensorFile[] = [];
    const backend = await selectBackend(options.backend);
    try {
      for (const path of paths) files.push(await openTensorFile(path));
      const [a, b] = files.map((file): Side => ({ file, tensor: oneMatrix(file, tensor) })) as [Side, Side];
      checkColumns(a, b);
      const comparison = await compare(a, b, options, backend, {
        poll() {},
        progress: (fraction, stage) => terminal.progress.draw(fraction, `${basename(paths[0])}, ${basename(paths[1])} · ${stage}`),
        refined: null,
      });
      for (const warning of json ? [] : files.flatMap(({ warnings }) => warnings)) terminal.print(terminal.style.yellow(warning));
      terminal.print(json ? JSON.stringify(toJson(comparison)) : comparisonText(comparison, terminal.style, terminal.width));
      return ExitCode.fine;
    } finally {
      terminal.progress.erase();
      for (const file of files) await file.close();
      await backend.kernels.close();
    }
  },
};

interface Request {
  readonly paths: readonly [string, string];
  readonly tensor: string | null;
  readonly options: AnalysisOptions;
  readonly json: boolean;
}

function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseArguments('compare', args, {
    ...ANALYSIS_FLAGS,
    tensor: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  if (positionals.length !== 2) throw new Failure(`compare needs two files, but got ${positionals.length}: sigma compare A B`);
  return {
    paths: [positionals[0]!, positionals[1]!],
    tensor: values.tensor ?? null,
    options: analysisOptions(values),
    json: values.json,
  };
}

function checkColumns(a: Side, b: Side): void {
  const [ours, theirs] = [a, b].map(({ file, tensor }) => file.matrix(tensor).columns);
  if (ours === theirs) return;
  throw new Failure(
    `${a.file.path} has ${ours} columns and ${b.file.path} has ${theirs}: only matrices with as many columns can be compared`,
  );
}

/** Below this, adjusted for both statistics, a change is more than chance. */
const SIGNIFICANT = 0.05;
const INDENT = '  ';

/** A comparison for a person: the finding in words, then both sides, then how far apart they are, then what the numbers rest on. */
export function comparisonText(comparison: Comparison, style: Style, width: number): string {
  const { a, b } = comparison;
  const inner = width - INDENT.length;
  const paragraphs = (texts: readonly string[]) => texts.flatMap((text) => wrap(printable(text), inner)).map((line) => INDENT + line);
  const sections = [
    [heading(comparison, style), ...paragraphs(finding(comparison))],
    [sideLine('A', a, style, width), sideLine('B', b, style, width)],
    sideBySide(comparison, style, inner).map((line) => (INDENT + line).trimEnd()),
    apart(comparison, style, inner).map((line) => INDENT + line),
    paragraphs(basis(comparison)).map(style.dim),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** Two digits: a p-value of few permutations has no more. */
function pValue(p: number): string {
  return String(Number(p.toPrecision(2)));
}

function isSignificant({ adjusted }: Permuted): boolean {
  return adjusted <= SIGNIFICANT;
}

function heading({ test, distances }: Comparison, style: Style): string {
  if (test === null) return style.bold(style.cyan(distances.bures === null ? '? Cannot be compared' : '? Compared without a test'));
  const { shape, logScale } = test;
  if (isSignificant(shape)) {
    return style.bold(
      shape.statistic < 0 ? style.red('▼ Narrower: B has lost directions') : style.yellow('▲ Wider: B uses more directions'),
    );
  }
  if (isSignificant(logScale)) {
    return style.bold(logScale.statistic < 0 ? style.red('▼ Contracted: B varies less') : style.yellow('▲ Expanded: B varies more'));
  }
  return style.bold(style.green('✔ No change of shape or scale beyond chance'));
}

/** What the test says of both statistics. */
function finding({ a, b, test, reasons }: Comparison): string[] {
  if (test === null) {
    return reasons.filter(({ code }) => code === 'test' || code === 'distances').map(({ message }) => message);
  }
  const { shape, logScale } = test;
  const p = ({ adjusted }: Permuted): string => `p = ${pValue(adjusted)}`;
  const moved = ({ statistic }: Permuted): string => (statistic < 0 ? 'fell' : 'rose');
  const sentence = (name: string, of: Permuted, meaning: string): string => {
    if (!isSignificant(of)) return `${name} changed by ${change(of.statistic)} nats, which chance can do (${p(of)}).`;
    return `${name} ${moved(of)} by ${number(Math.abs(of.statistic))} nats, which is more than chance (${p(of)}): ${meaning}`;
  };
  const isPart = test.rows < Math.max(a.sample.rows, b.sample.rows);
  const on = isPart ? `On ${count(test.rows)} pairs of rows, the` : 'The';
  return [
    sentence(
      `${on} shape of the spectrum`,
      shape,
      shape.statistic < 0 ? 'fewer directions carry the variance.' : 'the variance is spread over more directions.',
    ),
    sentence(`${on} log scale`, logScale, logScale.statistic < 0 ? 'rows vary less in total.' : 'rows vary more in total.'),
  ];
}

function sideLine(name: string, { source, verdict }: SpectralReport, style: Style, width: number): string {
  const level = levelText(verdict.level, style);
  const what = source.tensor === null ? source.path : `${source.path} · ${source.tensor}`;
  const head = `${INDENT}${style.bold(name)}  `;
  return `${head}${shorten(printable(what), width - displayWidth(head) - displayWidth(level) - 2)}  ${level}`;
}

const COMPARED = [
  { id: 'effectiveRank', label: 'Effective rank', unit: 'directions', relative: true },
  { id: 'participationRatio', label: 'Participation ratio', unit: 'directions', relative: true },
  { id: 'shape', label: 'Shape', unit: 'nats', relative: false },
  { id: 'logScale', label: 'Log scale', unit: 'nats', relative: false },
  { id: 'meanCosine', label: 'Mean cosine', unit: '', relative: false },
  { id: 'distinctRowRatio', label: 'Distinct rows', unit: 'share', relative: false },
] as const;

function sideBySide({ a, b, drift }: Comparison, style: Style, width: number): string[] {
  const cell = (value: number | null): string => (value === null ? 'n/a' : number(value));
  const rows = COMPARED.map(({ id, label, unit, relative }) => {
    const [from, to] = [a, b].map(({ quantities }) => quantities[id]?.value ?? null) as [number | null, number | null];
    const difference = from === null || to === null ? 'n/a' : relative ? percentChange(from, to) : change(to - from);
    return [label, cell(from), cell(to), difference, unit];
  });
  const { dU_cov, logDet } = drift;
  rows.push([
    'U_cov of SIGMA',
    cell(a.sigma?.U_cov ?? null),
    cell(b.sigma?.U_cov ?? null),
    dU_cov === null ? 'n/a' : change(dU_cov),
    'nats',
  ]);
  const headings = ['', 'A', 'B', 'Change', ''];
  const table = renderTable(
    headings.map((heading, j) => ({ heading, align: j === 0 || j === 4 ? 'left' : 'right' })),
    rows,
    style,
  );
  if (logDet === null) return table;
  const split = `Log-determinant of the covariance: ${change(logDet.total)} nats = ${change(logDet.scale)} scale, ${change(logDet.shape)} shape.`;
  return [...table, '', ...wrap(split, width)];
}

/** One distance: what it is called, its value with unit, and what that means. */
interface Line {
  readonly label: string;
  readonly value: string;
  readonly meaning: string;
}

function apart({ distances }: Comparison, style: Style, width: number): string[] {
  const { stein, bures, meanShift, subspaceOverlap: overlap, cka } = distances;
  const lines: Line[] = [];
  if (stein !== null) {
    const meaning = 'Twice the divergence of Gaussians with these covariances, seen from A; 0 when equal, without limit as B collapses.';
    lines.push({ label: 'Stein divergence', value: `${number(stein)} nats`, meaning });
  }
  if (bures !== null)
    lines.push({ label: 'Bures distance', value: number(bures), meaning: 'Between the covariances, in units of the rows.' });
  if (meanShift !== null) lines.push({ label: 'Shift of the mean', value: number(meanShift), meaning: 'In units of the rows.' });
  if (overlap !== null) {
    const meaning = `Of the space of the ${count(overlap.k)} directions with most variance; unrelated ones share ${percent(overlap.chance)}.`;
    lines.push({ label: `Top-${count(overlap.k)} overlap`, value: percent(overlap.value), meaning });
  }
  if (cka !== null) {
    const meaning = '1 when rows relate to each other in the same way in both, about 0 when unrelated.';
    lines.push({ label: 'Linear CKA, debiased', value: number(cka), meaning });
  }
  const labelWidth = Math.max(0, ...lines.map(({ label }) => displayWidth(label)));
  return lines.flatMap(({ label, value, meaning }) => [
    `${style.bold(padTo(label, labelWidth, 'left'))}  ${value}`,
    ...wrap(meaning, width - 2).map((line) => style.dim(INDENT + line)),
  ]);
}

/** What the numbers rest on, and why some are missing. */
function basis(comparison: Comparison): string[] {
  const { a, b, rows, test, reasons } = comparison;
  const pairs = rows.paired ? `${count(rows.a)} pairs of rows` : `${count(rows.a)} rows of A and ${count(rows.b)} of B`;
  const dropped = rows.dropped === 0 ? '' : `; ${count(rows.dropped)} more could not be used`;
  const shown = reasons.filter(({ code }) => !['test', 'distances', 'dG_KF'].includes(code));
  return [
    `A: ${sampleSentence(a, false)} B: ${sampleSentence(b, false)} ${a.options.normalize ? 'Rows are scaled to unit length.' : 'Rows are taken as they are.'}`,
    `Distances rest on ${pairs}${dropped}.`,
    ...(test === null
      ? []
      : [
          `p-values: ${count(test.permutations)} random swaps of ${count(test.rows)} pairs of rows, adjusted for two statistics (Holm); ` +
            `the smallest possible is ${pValue(2 / (1 + test.permutations))}. They say that the files differ, not why.`,
        ]),
    ...shown.map(({ message }) => message),
  ];
}
