import type { Level, SpectralReport } from '../analysis/report';
import type { RunReport } from '../runs/run-report';
import { ADVICE, DEFAULT_ADVICE } from './advice';
import { count, counted } from './numbers';

/** The shape beside the word, so that the level never rests on colour. */
export type IconName = 'check' | 'eye' | 'down' | 'cross' | 'broken' | 'question';

export interface VerdictModel {
  readonly level: Level;
  readonly word: string;
  readonly icon: IconName;
  /** Sentences, worst first. */
  readonly reasons: readonly string[];
  /** What people usually do about it; empty when nothing needs doing. */
  readonly advice: readonly string[];
  /** Which rows the verdict rests on. */
  readonly sample: string;
  /** True while more rows are read. */
  readonly provisional: boolean;
}

/** Of a run: each of many layers may have one. */
const MOST_REASONS = 6;

const WORDS: Record<Level, { readonly word: string; readonly icon: IconName; readonly sign: string }> = {
  healthy: { word: 'Healthy', icon: 'check', sign: '\u2714' },
  watch: { word: 'Worth watching', icon: 'eye', sign: '\u25c6' },
  collapsing: { word: 'Collapsing', icon: 'down', sign: '\u25bc' },
  collapsed: { word: 'Collapsed', icon: 'cross', sign: '\u2716' },
  broken: { word: 'Broken numbers', icon: 'broken', sign: '\u2716' },
  unknown: { word: 'Not enough evidence', icon: 'question', sign: '?' },
};

export function levelWord(level: Level): string {
  return WORDS[level].word;
}

/** As a picture. */
export function levelIcon(level: Level): IconName {
  return WORDS[level].icon;
}

/** A shape before the word where there is only text, so that it can be told without its colour. */
export function levelSign(level: Level): string {
  return WORDS[level].sign;
}

export function verdictModel(report: SpectralReport, provisional: boolean): VerdictModel {
  const { level, reasons } = report.verdict;
  const advice = level === 'healthy' ? [] : reasons.map(({ code }) => ADVICE[code] ?? DEFAULT_ADVICE[level]);
  return { ...inWords(report.verdict, advice), sample: sampleSentence(report, provisional), provisional };
}

/** What is advised of a single file, more rows and a comparison, is no advice for a run: there only what its reasons and its collapse call for. */
export function runVerdictModel(run: Pick<RunReport, 'level' | 'reasons' | 'baseline'>): VerdictModel {
  const serious = run.level === 'broken' || run.level === 'collapsed' || run.level === 'collapsing';
  const advice = run.reasons.flatMap(({ code }) => ADVICE[code] ?? (serious ? [DEFAULT_ADVICE[run.level]] : []));
  const sample =
    run.baseline === null ? 'No checkpoint is analysed yet.' : `Every checkpoint is compared with ${run.baseline}, the baseline.`;
  const words = inWords(run, run.level === 'healthy' ? [] : advice);
  const more = words.reasons.length - MOST_REASONS;
  const reasons = more <= 0 ? words.reasons : [...words.reasons.slice(0, MOST_REASONS), `And ${counted(more, 'more finding')}.`];
  return { ...words, reasons, sample, provisional: false };
}

function inWords({ level, reasons }: Pick<RunReport, 'level' | 'reasons'>, advice: readonly string[]) {
  const { word, icon } = WORDS[level];
  return { level, word, icon, reasons: reasons.map(({ message }) => message), advice: [...new Set(advice)].slice(0, 3) };
}

export function sampleSentence({ sample, source }: SpectralReport, provisional: boolean): string {
  if (provisional) return `Still reading: ${count(sample.rows)} of ${counted(source.rows, 'row')} are in these numbers.`;
  if (sample.complete) return source.rows === 1 ? 'The only row was read.' : `All ${counted(source.rows, 'row')} were read.`;
  const read = `A sample was read: ${count(sample.rows)} of ${counted(source.rows, 'row')} (seed ${sample.seed})`;
  if (sample.stopped === 'tolerance') return `${read}; more would not have changed the numbers beyond the tolerance.`;
  if (sample.stopped === 'capacity') return `${read}; matrices of ${count(source.columns)} columns are analysed on no more.`;
  return `${read}.`;
}
