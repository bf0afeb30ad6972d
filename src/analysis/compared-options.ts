import { isWeight } from './analyze';
import type { AnalysisOptions } from './report';

/** A matrix as far as it says how its rows are to be taken. */
export interface ComparedMatrix {
  /** Of its file. */
  readonly format: string;
  readonly tensor: string;
}

/** One way of taking rows for all: as they are where each is a weight, else scaled to unit length. */
export function comparedOptions(matrices: readonly ComparedMatrix[], asked: AnalysisOptions): AnalysisOptions {
  return { ...asked, normalize: asked.normalize ?? !matrices.every(({ format, tensor }) => isWeight(format, tensor)) };
}
