import type { Backend } from '../compute/kernels';
import type { TensorFile } from '../formats/matrix-source';
import { type AnalysisHooks, analyze } from './analyze';
import { comparedOptions } from './compared-options';
import { COMPARISON_SCHEMA, type Comparison } from './comparison';
import { measureDistances } from './distances';
import { measureDrift } from './drift';
import { matchedRows } from './matched-rows';
import { permutationTest } from './permutation-test';
import type { AnalysisOptions, Reason, SpectralReport } from './report';

/** Rows of each side for distances and test. */
const MOST_ROWS = 2000;
/** Columns up to which so many rows are taken; wider matrices are compared on the few rows that keep their joint span as small. */
const WIDE = 1024;
const ROWS_IF_WIDE = WIDE / 2;

/** One side of a comparison. */
export interface Side {
  readonly file: TensorFile;
  readonly tensor: string;
  /** Its report with the {@link comparedOptions}, where it is known already. */
  readonly report?: SpectralReport;
}

/**
 * Reports of both matrices, the drift from `a` to `b`, distances, and a test whether the files can be told apart.
 * Distances and test are computed in float64 whatever the backend is.
 * @throws Error when the two have different numbers of columns; FormatError when a file turns out to be unsound while it is read
 */
export async function compare(a: Side, b: Side, asked: AnalysisOptions, backend: Backend, hooks: AnalysisHooks): Promise<Comparison> {
  const sources = [a.file.matrix(a.tensor), b.file.matrix(b.tensor)] as const;
  const { columns } = sources[0];
  if (sources[1].columns !== columns) throw new Error(`The two have ${columns} and ${sources[1].columns} columns.`);
  const options = comparedOptions(
    [a, b].map(({ file, tensor }) => ({ format: file.format, tensor })),
    asked,
  );
  const progress = (from: number, to: number, stage: string) => (fraction: number) => hooks.progress(from + (to - from) * fraction, stage);
  const during = (from: number, to: number, name: string): AnalysisHooks => ({
    poll: hooks.poll,
    progress: (fraction, stage) => progress(from, to, `${name} · ${stage}`)(fraction),
    refined: null,
  });
  const reportA = a.report ?? (await analyze(a.file, a.tensor, options, backend, during(0, 0.25, 'A')));
  const reportB = b.report ?? (await analyze(b.file, b.tensor, options, backend, during(0.25, 0.5, 'B')));

  const reasons: Reason[] = [];
  const because = (code: string, message: string): null => {
    reasons.push({ code, message });
    return null;
  };
  hooks.progress(0.5, 'Reading the rows to compare');
  const wanted = Math.min(options.rows ?? MOST_ROWS, columns > WIDE ? ROWS_IF_WIDE : MOST_ROWS);
  const sample = { wanted, seed: options.seed, normalize: options.normalize === true };
  const rows = await matchedRows(sources, [reportA.source.rows, reportB.source.rows], sample, hooks.poll);
  const distances = await measureDistances(rows, because, hooks.poll, progress(0.55, 0.75, 'Computing distances'));
  const test = await permutationTest(rows, options.seed, because, hooks.poll, progress(0.75, 1, 'Permuting pairs of rows'));
  return {
    schema: COMPARISON_SCHEMA,
    a: reportA,
    b: reportB,
    rows: { paired: rows.paired, a: rows.x.count, b: rows.y.count, dropped: rows.dropped, seed: options.seed },
    drift: measureDrift(reportA, reportB, because),
    distances,
    test,
    reasons,
  };
}
