import type { Backend } from '../compute/kernels';
import type { TensorFile, TensorInfo } from '../formats/matrix-source';
import { grouped } from './grouped';
import { type Measured, measureDense, measureMatrixFree, NOTHING, type Settings } from './measure';
import { type RowFacts, RowPreparation } from './prepare-rows';
import { isResolved, roundingPays } from './product-precision';
import { type Rows, readRows, sampleStream, streamRows } from './read-rows';
import { type AnalysisOptions, REPORT_SCHEMA, type SampleDescription, type SpectralReport, type StopReason } from './report';
import { nestedSample } from './sample';
import { rowCapacity, type Spectra, SpectraAccumulator } from './spectra';
import { judge } from './verdict';

/** How a caller watches and stops an analysis. */
export interface AnalysisHooks {
  /** Called often, between short stretches of arithmetic too; throws to stop the analysis. */
  poll(): void;
  /** `fraction` in [0, 1]; `stage` is a phrase for a person. */
  progress(fraction: number, stage: string): void;
  /** A full report of a smaller sample, while more rows are read. Null saves their cost where nobody looks. */
  readonly refined: ((report: SpectralReport) => void) | null;
}

/** Rows of the first report; each next one has twice as many. */
const FIRST_SAMPLE = 1000;
/** Share of the progress that reading and the Gram matrix take; eigenvalues take the rest. */
const GRAM_SHARE = 0.7;
/** Rows from which some more are read to prove bounds with: fewer would prove nothing. */
const ENOUGH_TO_HOLD_OUT = 4000;

/**
 * One matrix of a file -> its report, with a full report after each doubling of a nested row sample on the way.
 * @throws FormatError when the file turns out to be unsound while it is read
 */
export async function analyze(
  file: TensorFile,
  tensor: string,
  options: AnalysisOptions,
  backend: Backend,
  hooks: AnalysisHooks,
): Promise<SpectralReport> {
  const source = file.matrix(tensor);
  const info = file.tensors.find(({ name }) => name === tensor) as TensorInfo;
  const weights = isWeight(file.format, tensor);
  const normalize = options.normalize ?? !weights;
  const { columns } = source;
  const preparation = new RowPreparation(columns, normalize);
  const clock = stopwatch();
  const wanted = Math.min(options.rows ?? Number.POSITIVE_INFINITY, rowCapacity(columns));
  /** Nobody looks before there are more rows than columns. */
  const many = hooks.refined === null && options.tolerance === null && Math.min(wanted, source.rows ?? 0) > 2 * columns;
  const products = backend.description.precision;
  const noSpectra = () => new SpectraAccumulator(columns, backend.kernels, hooks.poll, products, many);
  let accumulator = noSpectra();
  const settings: Settings = { columns, normalize, weights, options, backend };

  const add = async (rows: Rows): Promise<void> => {
    hooks.poll();
    clock.to('gram');
    const usable = preparation.prepare(rows);
    const rounded = wanted >= total && !keepsMoreThanGram(info) && roundingPays(accumulator.rows, columns, preparation.longest);
    await accumulator.add(usable, rounded ? 'float32' : products);
    clock.to('read');
  };

  clock.to('read');
  let read = 0;
  let total = source.rows ?? 0;
  let heldOut: Rows | null = null;
  if (source.access === 'random') {
    const target = Math.min(wanted, total);
    const shown = (rows: number): boolean => hooks.refined !== null && worthRefining(rows, columns);
    // Rows are read in stages only where something is computed in between.
    for (const { indices, upTo } of nestedStages(total, target, options.seed, (rows) => shown(rows) || options.tolerance !== null)) {
      for await (const rows of readRows(source, indices)) {
        await add(rows);
        read += rows.count;
        hooks.progress((GRAM_SHARE * read) / target, `Read ${grouped(read)} of ${grouped(target)} rows`);
      }
      heldOut = await readHeldOut(upTo);
      if (upTo === target) break;
      const refined = await report(() => {}, null);
      if (options.tolerance !== null && relativeWidth(refined) <= options.tolerance)
        return { ...refined, sample: { ...refined.sample, stopped: 'tolerance' } };
      if (shown(upTo)) hooks.refined?.(refined);
    }
  } else if (wanted < (source.rows ?? Number.POSITIVE_INFINITY)) {
    const seen = (rows: number): void => {
      hooks.poll();
      hooks.progress(source.rows === null ? 0 : (GRAM_SHARE * rows) / source.rows, `Sampled from ${grouped(rows)} rows`);
    };
    const sample = await sampleStream(source, wanted, heldOutRows(wanted), options.seed, seen);
    total = sample.total;
    read = sample.rows.count;
    heldOut = sample.beyond;
    await add(sample.rows);
  } else {
    for await (const block of streamRows(source)) {
      read += block.count;
      await add(block);
      hooks.progress(source.rows === null ? 0 : (GRAM_SHARE * read) / source.rows, `Read ${grouped(read)} rows`);
    }
    total = read;
  }
  const all = options.rows === null || options.rows >= total;
  if (read < total && all) {
    hooks.refined?.(await report(() => {}, null));
    return matrixFreeReport();
  }
  const stopped = read === total ? 'whole-file' : wanted === options.rows ? 'rows' : 'capacity';
  return report((fraction) => hooks.progress(GRAM_SHARE + (1 - GRAM_SHARE) * fraction, 'Computing eigenvalues'), stopped);

  async function readHeldOut(upTo: number): Promise<Rows | null> {
    const beyond = Math.min(heldOutRows(upTo), total - upTo);
    if (beyond === 0) return null;
    const indices = difference(nestedSample(total, upTo + beyond, options.seed), nestedSample(total, upTo, options.seed));
    const values: Float64Array[] = [];
    for await (const rows of readRows(source, indices)) values.push(rows.values.slice(0, rows.count * columns));
    return { count: beyond, values: concatenate(values, beyond * columns) };
  }

  async function report(progress: (fraction: number) => void, stopped: StopReason | null): Promise<SpectralReport> {
    clock.to('eigen');
    const facts = preparation.facts();
    const complete = read === total;
    const measured =
      facts.directed > 0
        ? await measureDense(
            {
              spectra: await (complete ? resolvedSpectra(progress) : accumulator.spectra(progress)),
              facts,
              population: complete ? facts.used : total,
              heldOut: complete || heldOut === null ? null : new RowPreparation(columns, normalize).prepare(heldOut),
              passes: complete && keepsMoreThanGram(info) ? passes : null,
            },
            settings,
            hooks.poll,
          )
        : NOTHING;
    clock.to('read');
    return document(facts, measured, { rows: read, seed: options.seed, complete, stopped });
  }

  /** Of all rows; with all products in float64 where less does not resolve the smallest eigenvalues. */
  async function resolvedSpectra(progress: (fraction: number) => void): Promise<Spectra> {
    const spectra = await accumulator.spectra(progress);
    if (products === 'float32' || isResolved(spectra)) return spectra;
    hooks.progress(1, 'Once more in float64: the smallest eigenvalues need it');
    accumulator = noSpectra();
    for await (const rows of passes()) await accumulator.add(rows);
    return accumulator.spectra(() => {});
  }

  /** Of all rows, where neither side of the matrix is small enough for a matrix of eigenvalues. */
  async function matrixFreeReport(): Promise<SpectralReport> {
    clock.to('eigen');
    const { facts, measured } = await measureMatrixFree(passes, accumulator.spreadRows, settings, hooks);
    clock.to('read');
    return document(facts, measured, { rows: total, seed: options.seed, complete: true, stopped: 'whole-file' });
  }

  /** One more pass over all rows, as they enter the statistics. */
  async function* passes(preparation = new RowPreparation(columns, normalize)): AsyncGenerator<Rows> {
    for await (const block of streamRows(source)) {
      hooks.poll();
      yield preparation.prepare(block);
    }
  }

  function document(facts: RowFacts, measured: Measured, sample: SampleDescription): SpectralReport {
    return {
      schema: REPORT_SCHEMA,
      source: {
        path: file.path,
        tensor: tensor === '' ? null : tensor,
        format: file.format,
        dtype: info.dtype,
        rows: total,
        columns,
        bytes: info.bytes,
        note: info.note,
      },
      sample,
      options: { ...options, normalize },
      backend: measured.backend ?? backend.description,
      integrity: facts.integrity,
      sigma: measured.sigma,
      spectrum: measured.spectrum,
      quantities: measured.quantities,
      sampling: measured.sampling,
      verdict: judge(facts, measured.quantities, { rows: total, columns, weights }),
      timings: clock.read(),
    };
  }
}

/** Of a sample of so many rows: how many more are read to prove bounds with. */
function heldOutRows(rows: number): number {
  return rows < ENOUGH_TO_HOLD_OUT ? 0 : Math.min(1024, Math.floor(rows / 8));
}

/** Whether elements are exact to float64: narrower ones are rounded by more than the Gram matrix loses. */
function keepsMoreThanGram({ dtype }: TensorInfo): boolean {
  return /^(float64|text|u?int(32|64))$/.test(dtype);
}

/** Formats in which models are saved. */
const HOLD_MODELS = new Set(['safetensors', 'torch', 'npz', 'gguf', 'hdf5', 'keras', 'dcp', 'orbax', 'deepspeed']);

/**
 * Whether a tensor is a weight of a model, by the names that frameworks give them, and that parts of fused weights (`x[q]`) and products of
 * adapters (`x (B A)`) have here. Weights are not scaled to unit rows.
 */
export function isWeight(format: string, tensor: string): boolean {
  return HOLD_MODELS.has(format) && /(^|[./])(weight|kernel)(:0)?$|\[\w+\]$| \((W \+ )?B A\)$/.test(tensor);
}

/** Row indices that each doubling adds to the sample before, up to the target. @param wanted whether one that is smaller is wanted */
function* nestedStages(
  total: number,
  target: number,
  seed: number,
  wanted: (rows: number) => boolean,
): Generator<{ indices: Float64Array; upTo: number }> {
  let before: Float64Array = new Float64Array(0);
  for (let size = FIRST_SAMPLE; size < target; size *= 2) {
    if (!wanted(size)) continue;
    const sample = nestedSample(total, size, seed);
    yield { indices: difference(sample, before), upTo: size };
    before = sample;
  }
  yield { indices: difference(nestedSample(total, target, seed), before), upTo: target };
}

/** Elements of `all` that are not in `some`; both ascending, `some` a subset. */
function difference(all: Float64Array, some: Float64Array): Float64Array {
  const rest = new Float64Array(all.length - some.length);
  let s = 0;
  let r = 0;
  for (const x of all) {
    if (s < some.length && some[s] === x) s++;
    else rest[r++] = x;
  }
  return rest;
}

/** A report on the way costs about as much as the Gram matrix of four times its smaller side. The first always pays: somebody is waiting. */
function worthRefining(rows: number, columns: number): boolean {
  return rows === FIRST_SAMPLE || 4 * Math.min(rows, columns) <= Math.max(rows, columns);
}

/** Of the interval of codingLogDet at alpha / d = 10: width over value. Infinite where there is none. */
function relativeWidth({ quantities }: SpectralReport): number {
  const coding = quantities.codingLogDet.find(({ alphaOverD }) => alphaOverD === 10);
  const interval = coding?.bounds.find(({ kind }) => kind === 'stochastic');
  if (typeof coding?.value !== 'number' || interval === undefined) return Number.POSITIVE_INFINITY;
  return ((interval.upper as number) - (interval.lower as number)) / coding.value;
}

function concatenate(parts: readonly Float64Array[], length: number): Float64Array {
  const whole = new Float64Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Milliseconds by stage; `to` starts one and ends the one before. */
function stopwatch() {
  const spent: Record<string, number> = { read: 0, gram: 0, eigen: 0 };
  const begin = performance.now();
  let stage: string | null = null;
  let since = begin;
  const settle = (): void => {
    const now = performance.now();
    if (stage !== null) spent[stage] += now - since;
    since = now;
  };
  return {
    to(next: string): void {
      settle();
      stage = next;
    },
    read(): Record<string, number> {
      settle();
      return { ...spent, total: performance.now() - begin };
    },
  };
}
