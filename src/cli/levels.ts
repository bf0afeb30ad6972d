import type { Level } from '../analysis/report';
import { levelWord } from '../words/verdict';
import type { Look, Style } from './style';

const SIGNS: Readonly<Record<Level, { readonly symbol: string; readonly look: Look }>> = {
  broken: { symbol: '✖', look: 'red' },
  collapsed: { symbol: '✖', look: 'red' },
  collapsing: { symbol: '▼', look: 'red' },
  watch: { symbol: '◆', look: 'yellow' },
  unknown: { symbol: '?', look: 'cyan' },
  healthy: { symbol: '✔', look: 'green' },
};

/** The level as a symbol and words, so that it can be told without its colour. */
export function levelText(level: Level, style: Style): string {
  return withSign(level, levelWord(level), style);
}

/** The same in one word, the report's own, for a narrow column. */
export function levelTag(level: Level, style: Style): string {
  return withSign(level, level, style);
}

function withSign(level: Level, words: string, style: Style): string {
  const { symbol, look } = SIGNS[level];
  return style[look](`${symbol} ${words}`);
}
