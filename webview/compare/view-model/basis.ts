import { pairBasis, rowsSentence } from '../../../src/words/comparison';
import { sampleSentence } from '../../../src/words/verdict';
import type { HeaderModel } from '../../view-model/header';
import type { CompareSession } from '../session';

/** What the numbers rest on, and why some are missing; each thing once, with the sides that it is true of where it is not true of all. */
export function basis({ sides }: CompareSession): string[] {
  const analysed = sides.flatMap(({ report, letter }) => (report === null ? [] : [{ report, letter }]));
  const compared = sides.flatMap(({ comparison, letter }) => (comparison === null ? [] : [{ comparison, letter }]));
  return [
    ...together(analysed.map(({ report, letter }) => ({ letter, sentences: [sampleSentence(report, false), rowsSentence(report)] }))),
    ...together(compared.map(({ comparison, letter }) => ({ letter, sentences: pairBasis(comparison, letter) }))),
  ];
}

function together(said: readonly { readonly letter: string; readonly sentences: readonly string[] }[]): string[] {
  const letters = new Map<string, string[]>();
  for (const { letter, sentences } of said) {
    for (const sentence of sentences) letters.set(sentence, [...(letters.get(sentence) ?? []), letter]);
  }
  return Array.from(letters, ([sentence, of]) => (of.length === said.length ? sentence : `${of.join(', ')}: ${sentence}`));
}

/** What is compared: the baseline first. */
export function compareHeader({ sides, matrices, matrix }: CompareSession): HeaderModel {
  const [baseline, ...others] = sides;
  if (baseline === undefined) return { title: 'Comparison', tensor: null, facts: [], notes: [] };
  return {
    title: others.length === 1 ? `${others[0]!.name} against ${baseline.name}` : `${others.length} against ${baseline.name}`,
    tensor: matrix === null ? null : matrices[matrix] || null,
    facts: sides.map(({ letter, name }) => `${letter} ${name}`),
    notes: [],
  };
}
