import * as vscode from 'vscode';
import type { RunReport } from '../engine/protocol';
import { count } from '../words/numbers';
import { plainText } from '../words/plain-text';
import { levelWord } from '../words/verdict';

const LONGEST_NAME = 40;
const LONGEST_TEXT = 1000;

/** `3 checkpoints` */
export function checkpointsPhrase(checkpoints: number): string {
  return checkpoints === 1 ? vscode.l10n.t('1 checkpoint') : vscode.l10n.t('{0} checkpoints', count(checkpoints));
}

/** `collapsing since checkpoint-200` */
export function runPhrase({ level, onset }: RunReport): string {
  const word = levelWord(level).toLowerCase();
  return onset === null ? word : vscode.l10n.t('{0} since {1}', word, plain(onset.name));
}

/** A name from a disk as part of one line: short, without control characters, and without the signs that the editor reads as an icon or a link. */
export function plain(name: string): string {
  const line = name
    .replace(/[\p{C}\u2028\u2029]/gu, ' ')
    .replaceAll('$(', '$ (')
    .replaceAll('](', '] (');
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME - 1)}\u2026` : line;
}

/**
 * What a disk or a file may have put words into, as text and nothing else where the editor takes a string: without control characters, the
 * signs that it reads as an icon (labels, quick picks) or as a link (notifications), and not longer than a screen holds.
 */
export function shown(text: string): string {
  const line = plainText(text).replaceAll('$(', '$ (').replaceAll('](', '] (');
  return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT - 1)}\u2026` : line;
}

/** As Markdown that is text and nothing else. The editor's own way turns spaces into ones at which no line breaks. */
export function escaped(text: string): string {
  return text
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
    .replace(/[!-/:-@[-`{-~]/g, '\\$&');
}
