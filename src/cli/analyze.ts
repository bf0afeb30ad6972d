import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { analyze } from '../analysis/analyze';
import { analyzeMany } from '../analysis/analyze-many';
import { type MatrixOutcome, threadsFor } from '../analysis/matrix-job';
import { type AnalysisOptions, DEFAULT_OPTIONS, type SpectralReport } from '../analysis/report';
import { toJson } from '../analysis/report-json';
import type { Backend } from '../compute/kernels';
import { selectBackend } from '../compute/select';
import type { TensorFile } from '../formats/matrix-source';
import { openTensorFile } from '../formats/open';
import { ANALYSIS_FLAGS, analysisOptions } from './analysis-flags';
import { parseArguments, parseNumber } from './arguments';
import { matrixNames, namedMatrix } from './choose-tensor';
import { type Command, ExitCode } from './command';
import { Failure, sentence } from './failure';
import { checkPanelPath, writePanel } from './html';
import { RAW_FLAGS, RAW_HELP, rawLayout } from './raw-layout';
import { reportText } from './report-text';
import { tensorTable } from './tensor-table';
import type { Terminal } from './terminal';

const HELP = `Usage: sigma analyze PATH... [flags]

Reads embedding files and checkpoints, and folders that are datasets, and says how healthy the spectrum
of each matrix is. A file with several matrices gives a table, worst first; --tensor shows one of them
in full. sigma doctor lists the formats.

  --tensor NAME      only this tensor
  --column NAME      the same, as tables call it
  --rows N|all       read at most N rows, drawn at random (default: all)
  --tolerance P      stop once the interval of the coding log-determinant (alpha/d = 10) is narrower than
                     this share of its value, e.g. 0.01 (default: read on)
  --seed N           of that draw (default: ${DEFAULT_OPTIONS.seed})
  --ridge D          delta of logdet(G + delta I) (default: ${DEFAULT_OPTIONS.ridge})
  --confidence P     level of stochastic intervals (default: ${DEFAULT_OPTIONS.confidence})
  --no-normalize     take rows as they are (default: embeddings are scaled to unit length, weights are not)
  --backend NAME     auto, webgpu or cpu (default: ${DEFAULT_OPTIONS.backend})
  --json             one JSON document (sigma.report/1) per matrix, one per line
  --html FILE        also write the panel as one HTML file

${RAW_HELP}

Exit codes: 0 fine, 2 something could not be done, 130 interrupted.`;

/** The bundle of analysis/matrix-worker. */
const MATRIX_WORKER = join(__dirname, 'matrix-worker.js');

interface Request {
  readonly paths: readonly string[];
  readonly tensor: string | null;
  readonly options: AnalysisOptions;
  readonly json: boolean;
  readonly html: string | null;
}

export const analyzeCommand: Command = {
  name: 'analyze',
  summary: 'how healthy the matrices of a file are',
  help: HELP,
  async run(args, terminal) {
    const request = parseRequest(args);
    const backend = await selectBackend(request.options.backend);
    try {
      let complete = true;
      for (const [i, path] of request.paths.entries()) {
        if (i > 0 && !request.json) terminal.print('');
        complete = (await analyzePath(path, request, backend, terminal)) && complete;
      }
      return complete ? ExitCode.fine : ExitCode.failed;
    } finally {
      await backend.kernels.close();
    }
  },
};

function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseArguments('analyze', args, {
    ...ANALYSIS_FLAGS,
    ...RAW_FLAGS,
    tensor: { type: 'string' },
    column: { type: 'string' },
    tolerance: { type: 'string' },
    confidence: { type: 'string', default: String(DEFAULT_OPTIONS.confidence) },
    json: { type: 'boolean', default: false },
    html: { type: 'string' },
  });
  if (positionals.length === 0) throw new Failure('analyze needs a file: sigma analyze PATH...');
  if (values.tensor !== undefined && values.column !== undefined)
    throw new Failure('--tensor and --column are the same flag: give one of them');
  if (values.html !== undefined && positionals.length > 1) throw new Failure('--html writes the panel of one file: name one PATH');
  const { tolerance, confidence } = values;
  return {
    paths: positionals,
    tensor: values.tensor ?? values.column ?? null,
    options: {
      ...analysisOptions(values),
      raw: rawLayout(values),
      confidence: parseNumber('--confidence', confidence, (value) => value > 0 && value < 1, 'between 0 and 1, e.g. 0.95,'),
      tolerance:
        tolerance === undefined
          ? null
          : parseNumber('--tolerance', tolerance, (value) => value > 0 && value < 1, 'between 0 and 1, e.g. 0.01,'),
    },
    json: values.json,
    html: values.html ?? null,
  };
}

/** @returns whether everything that was asked of this file could be done; what could not is on stderr */
async function analyzePath(path: string, request: Request, backend: Backend, terminal: Terminal): Promise<boolean> {
  let file: TensorFile;
  try {
    file = await openTensorFile(path, { raw: request.options.raw });
  } catch (error) {
    terminal.complain(sentence(error));
    return false;
  }
  try {
    return await analyzeFile(file, request, backend, terminal);
  } catch (error) {
    terminal.complain(sentence(error));
    return false;
  } finally {
    terminal.progress.erase();
    await file.close();
  }
}

async function analyzeFile(file: TensorFile, request: Request, backend: Backend, terminal: Terminal): Promise<boolean> {
  const names = chooseTensors(file, request);
  if (request.html !== null) await checkPanelPath(request.html, file.path);
  const reports: SpectralReport[] = [];
  for await (const outcome of outcomes(file, names, request.options, backend, terminal)) {
    if ('unsound' in outcome) {
      terminal.complain(outcome.unsound);
      continue;
    }
    reports.push(outcome.report);
    if (request.json) terminal.print(JSON.stringify(toJson(outcome.report)));
  }
  if (!request.json) printForPerson(file, names.length, reports, terminal);
  if (request.html !== null && reports.length > 0) {
    await writePanel(request.html, file, reports);
    if (!request.json) terminal.print(terminal.style.dim(`Panel written to ${request.html}`));
  }
  return reports.length === names.length;
}

/** Of all these matrices, in their order. Of many, each by a thread of its own; of few, or on a GPU, one after the other. */
function outcomes(
  file: TensorFile,
  names: readonly string[],
  options: AnalysisOptions,
  { kernels, description }: Backend,
  { progress }: Terminal,
): AsyncIterable<MatrixOutcome> {
  const threads = description.name === 'cpu' ? threadsFor(file, names, availableParallelism()) : 1;
  const draw = (done: number, words: string) => progress.draw(done / names.length, `${basename(file.path)} · ${words}`);
  if (threads === 1) return oneByOne(file, names, options, { kernels, description }, draw);
  const { path, fingerprint } = file;
  let done = 0;
  return analyzeMany(MATRIX_WORKER, threads, { path, fingerprint, tensors: names, options, description }, ({ index }) => {
    draw(++done, `${done} of ${names.length} · ${names[index]}`);
  });
}

async function* oneByOne(
  file: TensorFile,
  names: readonly string[],
  options: AnalysisOptions,
  backend: Backend,
  draw: (done: number, words: string) => void,
): AsyncGenerator<MatrixOutcome> {
  for (const [index, name] of names.entries()) {
    const progress = (fraction: number, stage: string): void =>
      draw(index + fraction, names.length === 1 ? stage : `${index + 1} of ${names.length} · ${name}`);
    try {
      yield { index, report: await analyze(file, name, options, backend, { poll() {}, progress, refined: null }) };
    } catch (error) {
      yield { index, unsound: sentence(error) };
    }
  }
}

function printForPerson(file: TensorFile, asked: number, reports: readonly SpectralReport[], { print, style, width }: Terminal): void {
  for (const warning of file.warnings) print(style.yellow(warning));
  if (asked > 1 && reports.length > 0) print(tensorTable(file.path, file.tensors, reports, style, width));
  else for (const report of reports) print(reportText(report, style, width));
}

function chooseTensors(file: TensorFile, { tensor }: Request): readonly string[] {
  return tensor === null ? matrixNames(file) : [namedMatrix(file, tensor)];
}
