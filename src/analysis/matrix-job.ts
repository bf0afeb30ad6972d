import type { BackendDescription } from '../compute/kernels';
import type { TensorFile } from '../formats/matrix-source';
import type { AnalysisOptions, SpectralReport } from './report';

/** Some matrices of one file, for several threads. */
export interface MatrixJob {
  readonly path: string;
  /** Of the file that is meant. */
  readonly fingerprint: string;
  readonly tensors: readonly string[];
  readonly options: AnalysisOptions;
  /** The label of the reports, whose arithmetic all threads do together. */
  readonly description: BackendDescription;
  /** Shared: the first of the tensors that no thread has taken. */
  readonly next: Int32Array<SharedArrayBuffer>;
}

/** What became of one of them. */
export type MatrixOutcome = { readonly index: number } & ({ readonly report: SpectralReport } | { readonly unsound: string });

/** Bytes that all threads together may take, and what one takes before it has any rows. */
const BUDGET = 512 * 2 ** 20;
const EACH = 48 * 2 ** 20;
/** Multiply-adds that a thread is started for: about a fifth of a second of one. */
const WORTH_STARTING = 2 ** 31;

/**
 * How many threads pay for these matrices: few where each needs much memory, and one, which has the others help it, where matrices are few
 * or small.
 * @param cores that there are
 */
export function threadsFor({ tensors }: Pick<TensorFile, 'tensors'>, names: readonly string[], cores: number): number {
  const asked = new Set(names);
  let largest = 0;
  let work = 0;
  for (const { name, matrix } of tensors) {
    if (!asked.has(name) || matrix === null) continue;
    const rows = matrix.rows ?? Number.POSITIVE_INFINITY;
    const side = Math.min(rows, matrix.columns);
    work += side * side * (Math.max(rows, matrix.columns) + 2 * side);
    // The Gram matrix, its reduction, and rows that are kept while they are fewer than columns.
    largest = Math.max(largest, 24 * side * side + (rows <= matrix.columns ? 8 * rows * matrix.columns : 0));
  }
  const affordable = Math.floor(BUDGET / (EACH + largest));
  return Math.max(1, Math.min(cores, names.length, affordable, Math.floor(work / WORTH_STARTING)));
}
