import { grouped } from './grouped';
import type { RowFacts } from './prepare-rows';
import type { Level, Quantities, Reason, Verdict } from './report';

/**
 * What one file says by itself. These are signs of degeneration that need no baseline; contraction is only seen against an
 * earlier checkpoint, and `healthy` here means that nothing degenerate was found.
 */
export function judge(facts: RowFacts, quantities: Quantities, shape: { rows: number; columns: number; weights: boolean }): Verdict {
  const found: { level: Level; reason: Reason }[] = [];
  const say = (level: Level, code: string, message: string): void => {
    found.push({ level, reason: { code, message } });
  };
  const { integrity, used, directed, distinctRatio } = facts;
  if (integrity.nan > 0)
    say('broken', 'nan', plural(integrity.nan, 'number is NaN; its row was left out.', 'numbers are NaN; their rows were left out.'));
  if (integrity.inf > 0)
    say(
      'broken',
      'inf',
      plural(
        integrity.inf,
        'number is infinite or too large to be squared; its row was left out.',
        'numbers are infinite or too large to be squared; their rows were left out.',
      ),
    );
  if (used === 0) say('broken', 'no-usable-rows', 'No row could be used: every row is zero, or holds NaN or infinite numbers.');
  else if (directed === 0) say('broken', 'all-zero', 'Every number is zero.');
  else if (shape.weights) judgeWeights();
  else judgeEmbeddings();

  if (found.length === 0) {
    say(
      'healthy',
      'nothing-degenerate',
      `Nothing degenerate in this ${shape.weights ? 'matrix' : 'file'} by itself. Whether it has contracted shows only against a baseline.`,
    );
  }
  found.sort((a, b) => LEVELS_WORST_FIRST.indexOf(a.level) - LEVELS_WORST_FIRST.indexOf(b.level));
  return { level: found[0].level, reasons: found.map(({ reason }) => reason) };

  function judgeWeights(): void {
    if (used > 1 && quantities.numericalRank?.value === 1 && shape.columns > 1)
      say('collapsed', 'one-direction', 'All rows lie along one line: the matrix has rank 1.');
    if (integrity.zeroRows > 0)
      say('watch', 'zero-rows', `${plural(integrity.zeroRows, 'row is', 'rows are')} all zero (${percent(integrity.zeroRows / used)}).`);
  }

  function judgeEmbeddings(): void {
    const { columns } = shape;
    const limit = Math.min(used - 1, columns);
    const rank = quantities.effectiveRank?.value ?? null;
    const cosine = quantities.meanCosine?.value ?? null;
    if (used < 2) {
      say('unknown', 'few-rows', 'One row says nothing about a spectrum.');
      return;
    }
    if (rank === null) {
      say('collapsed', 'all-equal', 'All rows are the same.');
      return;
    }
    if (limit >= 8 && rank < 2)
      say('collapsed', 'one-direction', `One direction carries nearly all variance: effective rank ${short(rank)} of ${columns}.`);
    else if (limit >= 8 && rank < limit / 10)
      say('watch', 'narrow', `Few directions carry the variance: effective rank ${short(rank)} of at most ${limit}.`);
    if (cosine !== null && cosine > 0.99) say('collapsed', 'all-alike', `All rows point the same way: mean cosine ${short(cosine)}.`);
    else if (cosine !== null && cosine > 0.95) say('watch', 'alike', `Rows are very much alike: mean cosine ${short(cosine)}.`);
    if (distinctRatio < 0.5) say('collapsed', 'duplicates', `Only ${percent(distinctRatio)} of the rows are distinct.`);
    else if (distinctRatio < 0.95) say('watch', 'duplicates', `${percent(1 - distinctRatio)} of the rows are exact copies of others.`);
    const empty = integrity.zeroRows / (used + integrity.zeroRows);
    if (empty >= 0.01) say('watch', 'zero-rows', `${percent(empty)} of the rows are all zero; they were left out.`);
    if (integrity.constantColumns > 0)
      say(
        'watch',
        'constant-columns',
        `${plural(integrity.constantColumns, 'column never varies', 'columns never vary')} (of ${columns}).`,
      );
    if (found.length === 0 && used < columns)
      say('unknown', 'few-rows', `${plural(used, 'row', 'rows')} cannot tell about ${columns} columns; nothing degenerate was found.`);
  }
}

export const LEVELS_WORST_FIRST: readonly Level[] = ['broken', 'collapsed', 'collapsing', 'watch', 'unknown', 'healthy'];

const plural = (n: number, one: string, many: string): string => `${grouped(n)} ${n === 1 ? one : many}`;
const short = (x: number): string => x.toLocaleString('en', { maximumSignificantDigits: 3 });
const percent = (x: number): string => `${(100 * x).toLocaleString('en', { maximumSignificantDigits: 2 })} %`;
