import type { Level } from '../../../src/analysis/report';
import { CHANGE_ADVICE, type Change, changeSentence, comparisonWords } from '../../../src/words/comparison';
import type { IconName, VerdictModel } from '../../../src/words/verdict';
import type { CompareSession, Side } from '../session';

/** Worst first: what is lost goes before what is gained, and that before what was not tested. */
const CHANGES: readonly Change[] = ['narrower', 'contracted', 'unknown', 'wider', 'expanded', 'untested', 'none'];

/** How a change looks: the level whose colours it takes, and the shape beside the words. */
const LOOKS: Readonly<Record<Change, { readonly level: Level; readonly icon: IconName }>> = {
  narrower: { level: 'collapsing', icon: 'down' },
  contracted: { level: 'collapsing', icon: 'down' },
  wider: { level: 'watch', icon: 'eye' },
  expanded: { level: 'watch', icon: 'eye' },
  none: { level: 'healthy', icon: 'check' },
  untested: { level: 'unknown', icon: 'question' },
  unknown: { level: 'unknown', icon: 'question' },
};

/** What changed, how sure that is, and what to do: a sentence for each side, the worst first. Null while nothing is compared. */
export function compareVerdict({ sides, run }: CompareSession): VerdictModel | null {
  const others = sides.slice(1);
  const found = others
    .flatMap((side) => (side.comparison === null ? [] : [{ side, ...comparisonWords(side.comparison, side.letter) }]))
    .toSorted((x, y) => CHANGES.indexOf(x.change) - CHANGES.indexOf(y.change));
  const troubled = others.filter(({ comparison, trouble }) => comparison === null && trouble !== null);
  const worst = found[0];
  if (worst === undefined) return troubled.length === 0 || run.kind === 'running' ? null : nothingCompared(troubled);
  const alike = found.filter(({ change }) => change === worst.change).map(({ side }) => side.letter);
  return {
    ...LOOKS[worst.change],
    word: found.length === 1 ? worst.heading : headingOfMany(worst.change, alike, found.length),
    reasons: [
      ...found.map(({ side }) => changeSentence(side.comparison!, side.letter)),
      ...troubled.map(({ letter, trouble }) => `${letter} is not compared: ${trouble}`),
    ],
    advice: found.length === 0 ? [] : CHANGE_ADVICE[worst.change],
    sample: `A, ${sides[0]!.name}, is the baseline: the others are compared with it.`,
    provisional: run.kind === 'running',
  };
}

/** `B and D are narrower than A` */
function headingOfMany(change: Change, letters: readonly string[], all: number): string {
  const who = `${listed(letters)} ${letters.length === 1 ? 'is' : 'are'}`;
  switch (change) {
    case 'narrower':
    case 'wider':
      return `${who} ${change} than A`;
    case 'contracted':
    case 'expanded':
      return `${who} more ${change} than A`;
    case 'untested':
      return `${who} compared without a test`;
    case 'unknown':
      return `${listed(letters)} cannot be compared with A`;
    case 'none':
      return all === 2 ? 'Neither differs from A beyond chance' : 'None differs from A beyond chance';
  }
}

function listed(letters: readonly string[]): string {
  return letters.length === 1 ? letters[0]! : `${letters.slice(0, -1).join(', ')} and ${letters.at(-1)}`;
}

function nothingCompared(troubled: readonly Side[]): VerdictModel {
  return {
    ...LOOKS.unknown,
    word: 'Cannot be compared',
    reasons: troubled.map(({ letter, trouble }) => `${letter} is not compared: ${trouble}`),
    advice: [],
    sample: 'Only matrices with as many columns can be compared.',
    provisional: false,
  };
}
