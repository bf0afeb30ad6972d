import type { Level } from '../analysis/report';
import { levelSign, levelWord } from '../words/verdict';
import type { Look, Style } from './style';

const LOOKS: Readonly<Record<Level, Look>> = {
  broken: 'red',
  collapsed: 'red',
  collapsing: 'red',
  watch: 'yellow',
  unknown: 'cyan',
  healthy: 'green',
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
  return style[LOOKS[level]](`${levelSign(level)} ${words}`);
}
