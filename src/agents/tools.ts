import * as v from 'valibot';
import type { Comparison } from '../analysis/comparison';
import type { SpectralReport } from '../analysis/report';
import type { JobWatch } from '../engine/client';
import { EngineError, type FileSummary, type MatrixPlace, type RunReport } from '../engine/protocol';
import { closest } from '../words/closest';
import { columnsSentence } from '../words/comparison';
import { type ComparisonHealth, comparisonHealth } from './comparison';
import type { CheckpointPlace, Health } from './document';
import { fileHealth, matrixHealth, runHealth, tensorsOf } from './health';
import { analysableFiles, readablePath, refuseOutside } from './readable-path';
import { ToolFailure } from './tool-failure';

const PATH = {
  type: 'string',
  minLength: 1,
  description: 'Absolute, or relative to a workspace folder.',
} as const;

const TENSOR = {
  type: 'string',
  minLength: 1,
  description: 'Name of one tensor, exactly as the file has it. Needed to see one of several matrices in full.',
} as const;

/** The tools as a model sees them. The editor has the same in package.json. */
export const HEALTH_TOOL = {
  name: 'get_model_health',
  title: 'Model health',
  description:
    'Says whether the embeddings or weights in a file, or the checkpoints of a training run, are healthy, collapsing or broken, from the spectrum of their Gram matrix. Give the path of an embedding file or checkpoint (NumPy, safetensors, PyTorch, CSV and other formats) for the verdict and every quantity (effective rank, participation ratio, log-determinants, mean cosine, NaN and duplicate counts and more) with value, unit, interval and definition; or the folder of a run for its verdict, onset, alarm, forecast and checkpoints. Nothing is executed or changed. Of several matrices the worst 10 are listed: name one with tensor. Large files and long runs take minutes. Not for loss curves, logs or the text of training scripts; to tell whether two files differ use compare_model_health.',
  inputSchema: {
    type: 'object',
    properties: {
      path: {
        ...PATH,
        description: `An embedding file, a checkpoint (file or folder), or the folder of a training run. ${PATH.description}`,
      },
      tensor: TENSOR,
    },
    required: ['path'],
    additionalProperties: false,
  },
} as const;

export const COMPARE_TOOL = {
  name: 'compare_model_health',
  title: 'Compare model health',
  description:
    'Says what changed between two to eight embedding files or checkpoints with equally many columns, the first of which is the baseline: whether directions were lost or the whole contracted, with a p-value by a paired permutation test (rows are taken to be paired where both have equally many), the change of each quantity, and distances, each with its unit and definition. Use it to tell a drift from chance. Nothing is executed or changed. Files that hold several matrices need tensor. For a whole training run use get_model_health with its folder.',
  inputSchema: {
    type: 'object',
    properties: {
      paths: {
        type: 'array',
        minItems: 2,
        maxItems: 8,
        items: { type: 'string', minLength: 1 },
        description: `Embedding files or checkpoints, the baseline first. ${PATH.description}`,
      },
      tensor: {
        ...TENSOR,
        description: 'Name of the tensor to compare, the same in all files. Needed where a file holds several matrices.',
      },
    },
    required: ['paths'],
    additionalProperties: false,
  },
} as const;

const NAME = v.pipe(v.string(), v.nonEmpty());
const HEALTH_INPUT = v.strictObject({ path: NAME, tensor: v.optional(NAME) });
const COMPARE_INPUT = v.strictObject({ paths: v.pipe(v.array(NAME), v.minLength(2), v.maxLength(8)), tensor: v.optional(NAME) });

/** Where the numbers come from. Every method rejects with an EngineError. */
export interface HealthSource {
  inspect(path: string, signal: AbortSignal): Promise<FileSummary>;
  analyze(place: MatrixPlace, watch: JobWatch): Promise<SpectralReport>;
  compare(a: MatrixPlace, b: MatrixPlace, watch: JobWatch): Promise<Comparison>;
  run(path: string, watch: JobWatch): Promise<RunReport>;
  /** The checkpoint to which a file belongs; null where that is not known. */
  checkpointOf(path: string): Promise<CheckpointPlace | null>;
}

/** One call of a tool. */
export interface ToolCall {
  readonly source: HealthSource;
  /** Absolute paths of the folders that may be read. */
  readonly roots: readonly string[];
  readonly signal: AbortSignal;
  /** @param fraction in [0, 1] */
  progress(fraction: number, stage: string): void;
}

/** @throws ToolFailure when the input is not what the tool takes, or what it names cannot be analysed; EngineError when cancelled */
export async function getModelHealth(input: unknown, call: ToolCall): Promise<Health> {
  const { path: asked, tensor = null } = parse(HEALTH_INPUT, input, HEALTH_TOOL);
  return explained(async () => {
    const { path, kind } = await readablePath(asked, call.roots);
    if (kind === 'file') return healthOfFile(path, tensor, call);
    const run = await runAt(path, call);
    if (run === null) return healthOfFile(await onlyFile(path), tensor, call);
    const known = tensorsOf(run);
    if (tensor !== null && !known.includes(tensor)) throw noTensor(path, tensor, known);
    return runHealth(run, tensor);
  });
}

/** As {@link getModelHealth}. */
export async function compareModelHealth(input: unknown, call: ToolCall): Promise<ComparisonHealth> {
  const { paths, tensor = null } = parse(COMPARE_INPUT, input, COMPARE_TOOL);
  return explained(async () => {
    const sides: { readonly place: MatrixPlace; readonly columns: number }[] = [];
    for (const asked of paths) sides.push(await sideAt(asked, tensor, call));
    const [baseline, ...others] = sides;
    for (const { place, columns } of others) {
      if (columns === baseline!.columns) continue;
      throw new ToolFailure(`${columnsSentence(baseline!.place.path, baseline!.columns, place.path, columns)}. Name other files.`);
    }
    const comparisons: Comparison[] = [];
    for (const [i, { place }] of others.entries()) {
      comparisons.push(await call.source.compare(baseline!.place, place, watching(call, i, others.length)));
    }
    return comparisonHealth(comparisons, await Promise.all(sides.map(({ place }) => call.source.checkpointOf(place.path))));
  });
}

async function healthOfFile(path: string, tensor: string | null, call: ToolCall): Promise<Health> {
  const { source, signal } = call;
  const { tensors } = await source.inspect(path, signal);
  const matrices = tensors.flatMap(({ name, matrix }) => (matrix === null ? [] : [name]));
  const checkpoint = await source.checkpointOf(path);
  if (tensor !== null || matrices.length === 1) {
    const place = { path, tensor: theTensor(path, tensor, tensors) };
    return matrixHealth(await source.analyze(place, watching(call, 0, 1)), checkpoint);
  }
  if (matrices.length === 0) throw noMatrix(path, tensors);
  const reports: SpectralReport[] = [];
  const failed: string[] = [];
  for (const [i, name] of matrices.entries()) {
    try {
      reports.push(await source.analyze({ path, tensor: name }, watching(call, i, matrices.length)));
    } catch (error) {
      // One matrix may be unsound where the others are not.
      if (!(error instanceof EngineError && error.isOfFile)) throw error;
      failed.push(error.message);
    }
  }
  if (reports.length === 0) throw new ToolFailure(`${failed[0]} No matrix of the file could be analysed; name another file.`);
  return fileHealth(path, reports, failed, checkpoint);
}

/** Null when the folder is no run. */
async function runAt(path: string, call: ToolCall): Promise<RunReport | null> {
  try {
    const run = await call.source.run(path, watching(call, 0, 1));
    const files = run.checkpoints.flatMap(({ matrices }) => matrices.map(({ report }) => report.source.path));
    await refuseOutside([...new Set(files)], call.roots);
    return run;
  } catch (error) {
    if (!(error instanceof EngineError && error.isOfFile)) throw error;
    if ((await analysableFiles(path)).length === 0)
      throw new ToolFailure(`${error.message} Ask again with a path that holds checkpoints or embeddings.`);
    return null;
  }
}

/** The file of a checkpoint's folder. */
async function onlyFile(folder: string): Promise<string> {
  const [first, ...others] = await analysableFiles(folder);
  if (first !== undefined && others.length === 0) return first;
  if (first === undefined) throw new ToolFailure(`${folder} holds no file that can be analysed. Name a file, or the folder of a run.`);
  throw new ToolFailure(
    `${folder} is no run and holds ${others.length + 1} files that can be analysed. Name one: ${listed([first, ...others])}.`,
  );
}

async function sideAt(asked: string, tensor: string | null, { source, roots, signal }: ToolCall) {
  const { path, kind } = await readablePath(asked, roots);
  const file = kind === 'file' ? path : await onlyFile(path);
  await refuseOutside([file], roots);
  const { tensors } = await source.inspect(file, signal);
  const name = theTensor(file, tensor, tensors);
  const { matrix } = tensors.find((info) => info.name === name)!;
  return { place: { path: file, tensor: name }, columns: matrix!.columns };
}

/** The matrix of a file that is asked for, or its only one. */
function theTensor(path: string, asked: string | null, tensors: FileSummary['tensors']): string {
  const matrices = tensors.flatMap(({ name, matrix }) => (matrix === null ? [] : [name]));
  if (matrices.length === 0) throw noMatrix(path, tensors);
  if (asked === null) {
    if (matrices.length === 1) return matrices[0]!;
    throw new ToolFailure(`${path} holds ${matrices.length} matrices. Name one with tensor, e.g. ${listed(matrices)}.`);
  }
  if (matrices.includes(asked)) return asked;
  const info = tensors.find(({ name }) => name === asked);
  if (info !== undefined)
    throw new ToolFailure(`${asked} of ${path} is no matrix: ${info.note ?? 'it has another shape.'} Name another tensor.`);
  throw noTensor(path, asked, matrices);
}

function noTensor(path: string, asked: string, names: readonly string[]): ToolFailure {
  const named = names.filter((name) => name !== '');
  if (named.length === 0) return new ToolFailure(`${path} holds one unnamed matrix. Ask again without tensor.`);
  return new ToolFailure(`${path} has no tensor '${asked}'. The closest names are ${closest(asked, named, 3).join(', ')}.`);
}

function noMatrix(path: string, tensors: FileSummary['tensors']): ToolFailure {
  const [first] = tensors;
  const why = first === undefined ? 'it holds no tensors' : (first.note ?? 'none of its tensors has two dimensions');
  return new ToolFailure(`${path} holds no matrix: ${why.replace(/\.$/, '')}. Name another file.`);
}

const MOST_NAMES = 10;

function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Progress of one of several jobs. */
function watching({ signal, progress }: ToolCall, index: number, of: number): JobWatch {
  return {
    signal,
    onUpdate: ({ fraction, stage }) => progress((index + fraction) / of, of === 1 ? stage : `${index + 1} of ${of}: ${stage}`),
  };
}

function parse<T extends v.GenericSchema>(schema: T, input: unknown, tool: { readonly name: string }): v.InferOutput<T> {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue) ?? 'the input';
  throw new ToolFailure(`${tool.name}: ${where}: ${issue.message}. Ask again with what the input schema says.`);
}

/** What a person's file or system is at fault for, as a failure that the model can act on; cancellation and what is our fault stay as they are. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError && error.isOfFile) {
      throw new ToolFailure(`${error.message} Name another file, or write this one again.`);
    }
    throw error;
  }
}
