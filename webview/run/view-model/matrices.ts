import { LEVELS_WORST_FIRST } from '../../../src/analysis/verdict';
import { counted } from '../../../src/words/numbers';
import type { Choices } from '../../ui';
import type { MatrixName, RunPicture } from '../protocol';
import { newestWith, valueAt } from './measures';
import { baselineIndex, matrixLabels } from './names';

/** So many can be looked through; of more, a filter finds one. */
export const FEW = 12;
/** More are not put on the page. */
const LISTED = 200;

export interface MatrixChoices extends Choices {
  /** Index into the run's matrices of each entry of `labels`; null for a heading. */
  readonly matrices: readonly (number | null)[];
  /** What is not listed, in words; empty when all is. */
  readonly rest: string;
}

/**
 * Sets of embeddings under one heading, weights under another, where there are both.
 * @param filter words, all of which a name holds, whatever the case; what is on screen is listed all the same
 * @param shown index of the matrix on screen
 */
export function matrixChoices(run: RunPicture, filter: string, shown: number): MatrixChoices {
  const names = matrixLabels(run.matrices);
  const words = filter.toLowerCase().split(/\s+/);
  const found = names.flatMap((name, index) => (words.every((word) => name.toLowerCase().includes(word)) ? [index] : []));
  const listed = found.slice(0, LISTED);
  if (!listed.includes(shown)) listed.push(shown);
  const groups = [false, true].map((weights) => listed.filter((index) => run.matrices[index]!.weights === weights));
  const headed = groups.every((group) => group.length > 0);
  const matrices = groups.flatMap((group) => [...(headed ? [null] : []), ...group.toSorted((a, b) => a - b)]);
  const headings = ['Embeddings', 'Weights'];
  return {
    matrices,
    labels: matrices.map((matrix) => (matrix === null ? headings.shift()! : names[matrix]!)),
    headings: matrices.flatMap((matrix, index) => (matrix === null ? [index] : [])),
    chosen: matrices.indexOf(shown),
    rest: restText(found.length, listed.length, names.length),
  };
}

function restText(found: number, listed: number, all: number): string {
  if (found === 0) return 'No other matrix has such a name.';
  if (found > listed) return `${counted(found - listed, 'more matrix', 'more matrices')}: filter by name to see them.`;
  return found < all ? `${found} of ${counted(all, 'matrix', 'matrices')} listed.` : '';
}

/** The matrix of that name; the worst where there is none. */
export function matrixIndex(run: RunPicture, name: MatrixName | null): number {
  const index = run.matrices.findIndex(({ file, tensor }) => file === name?.file && tensor === name.tensor);
  return index >= 0 ? index : worstMatrix(run);
}

/**
 * The matrix that most needs a person: by the level that it gives by itself, then embeddings before weights, those by the evidence of
 * a change, these by what is left of their effective rank. 0 where there is none.
 */
export function worstMatrix(run: RunPicture): number {
  const ranked = run.matrices.map(({ weights }, index) => ({ index, level: levelOf(run, index), weights, loss: lossOf(run, index) }));
  ranked.sort((a, b) => a.level - b.level || Number(a.weights) - Number(b.weights) || b.loss - a.loss);
  return ranked[0]?.index ?? 0;
}

/** Rank of the level that the matrix gives the run; lower is worse. */
function levelOf(run: RunPicture, index: number): number {
  const { weights, level } = run.matrices[index]!;
  const { rankShare, alarmEvidence, watchEvidence } = run.limits;
  const loss = lossOf(run, index);
  const rank = (of: (typeof LEVELS_WORST_FIRST)[number]) => LEVELS_WORST_FIRST.indexOf(of);
  // That too little is known of a single file is no news.
  const own = level === 'unknown' ? rank('healthy') : rank(level);
  if (weights) return loss >= 1 - rankShare ? Math.min(own, rank('collapsed')) : own;
  if (loss >= alarmEvidence) return Math.min(own, rank('collapsing'));
  return loss >= watchEvidence ? Math.min(own, rank('watch')) : own;
}

/** Evidence of a change of embeddings; of weights the share of the baseline's effective rank that is lost. */
function lossOf(run: RunPicture, index: number): number {
  if (!run.matrices[index]!.weights) return valueAt(run, index, 'evidence', newestWith(run, index, 'evidence')) || 0;
  const now = valueAt(run, index, 'effectiveRank', newestWith(run, index, 'effectiveRank'));
  const lost = 1 - now / valueAt(run, index, 'effectiveRank', baselineIndex(run));
  return Number.isFinite(lost) ? lost : 0;
}
