import { basename } from 'node:path';
import { compare, type Side } from '../analysis/compare';
import type { Comparison } from '../analysis/comparison';
import { type AnalysisOptions, DEFAULT_OPTIONS, type SpectralReport } from '../analysis/report';
import { toJson } from '../analysis/report-json';
import { selectBackend } from '../compute/select';
import type { TensorFile } from '../formats/matrix-source';
import { openTensorFile } from '../formats/open';
import {
  basisSentences,
  type ComparisonWords,
  columnsSentence,
  comparisonWords,
  distanceWords,
  logDetSentence,
  quantityChange,
} from '../words/comparison';
import { change, number } from '../words/numbers';
import { ANALYSIS_FLAGS, analysisOptions } from './analysis-flags';
import { parseArguments } from './arguments';
import { oneMatrix } from './choose-tensor';
import { type Command, ExitCode } from './command';
import { Failure } from './failure';
import { levelText } from './levels';
import { displayWidth, padTo, printable, shorten, wrap } from './printable';
import { RAW_FLAGS, RAW_HELP, rawLayout } from './raw-layout';
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

${RAW_HELP}

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
      for (const path of paths) files.push(await openTensorFile(path, { raw: options.raw }));
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
    ...RAW_FLAGS,
    tensor: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  if (positionals.length !== 2) throw new Failure(`compare needs two files, but got ${positionals.length}: sigma compare A B`);
  return {
    paths: [positionals[0]!, positionals[1]!],
    tensor: values.tensor ?? null,
    options: { ...analysisOptions(values), raw: rawLayout(values) },
    json: values.json,
  };
}

function checkColumns(a: Side, b: Side): void {
  const [ours, theirs] = [a, b].map(({ file, tensor }) => file.matrix(tensor).columns);
  if (ours === theirs) return;
  throw new Failure(columnsSentence(a.file.path, ours, b.file.path, theirs));
}

const INDENT = '  ';

/** A comparison for a person: the finding in words, then both sides, then how far apart they are, then what the numbers rest on. */
export function comparisonText(comparison: Comparison, style: Style, width: number): string {
  const { a, b } = comparison;
  const words = comparisonWords(comparison);
  const inner = width - INDENT.length;
  const paragraphs = (texts: readonly string[]) => texts.flatMap((text) => wrap(printable(text), inner)).map((line) => INDENT + line);
  const sections = [
    [headline(words, style), ...paragraphs(words.sentences)],
    [sideLine('A', a, style, width), sideLine('B', b, style, width)],
    sideBySide(comparison, style, inner).map((line) => (INDENT + line).trimEnd()),
    apart(comparison, style, inner).map((line) => INDENT + line),
    paragraphs(basisSentences(comparison)).map(style.dim),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** How each change looks: the shape before the words, and their colour. */
const LOOKS = {
  narrower: { sign: '▼', colour: 'red' },
  wider: { sign: '▲', colour: 'yellow' },
  contracted: { sign: '▼', colour: 'red' },
  expanded: { sign: '▲', colour: 'yellow' },
  none: { sign: '✔', colour: 'green' },
  untested: { sign: '?', colour: 'cyan' },
  unknown: { sign: '?', colour: 'cyan' },
} as const;

function headline({ change, heading }: ComparisonWords, style: Style): string {
  const { sign, colour } = LOOKS[change];
  return style.bold(style[colour](`${sign} ${heading}`));
}

function sideLine(name: string, { source, verdict }: SpectralReport, style: Style, width: number): string {
  const level = levelText(verdict.level, style);
  const what = source.tensor === null ? source.path : `${source.path} · ${source.tensor}`;
  const head = `${INDENT}${style.bold(name)}  `;
  return `${head}${shorten(printable(what), width - displayWidth(head) - displayWidth(level) - 2)}  ${level}`;
}

const COMPARED = [
  { id: 'effectiveRank', label: 'Effective rank', unit: 'directions' },
  { id: 'participationRatio', label: 'Participation ratio', unit: 'directions' },
  { id: 'shape', label: 'Shape', unit: 'nats' },
  { id: 'logScale', label: 'Log scale', unit: 'nats' },
  { id: 'meanCosine', label: 'Mean cosine', unit: '' },
  { id: 'distinctRowRatio', label: 'Distinct rows', unit: 'share' },
] as const;

function sideBySide({ a, b, drift }: Comparison, style: Style, width: number): string[] {
  const cell = (value: number | null): string => (value === null ? 'n/a' : number(value));
  const rows = COMPARED.map(({ id, label, unit }) => {
    const [from, to] = [a, b].map(({ quantities }) => quantities[id]?.value ?? null) as [number | null, number | null];
    const difference = from === null || to === null ? 'n/a' : quantityChange(id, from, to);
    return [label, cell(from), cell(to), difference, unit];
  });
  const { dU_cov } = drift;
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
  const split = logDetSentence(drift);
  return split === null ? table : [...table, '', ...wrap(split, width)];
}

function apart({ distances }: Comparison, style: Style, width: number): string[] {
  const lines = distanceWords(distances);
  const labelWidth = Math.max(0, ...lines.map(({ label }) => displayWidth(label)));
  return lines.flatMap(({ label, value, meaning }) => [
    `${style.bold(padTo(label, labelWidth, 'left'))}  ${value}`,
    ...wrap(meaning, width - 2).map((line) => style.dim(INDENT + line)),
  ]);
}
