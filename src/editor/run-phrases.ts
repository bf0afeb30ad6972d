import * as vscode from 'vscode';
import type { RunReport } from '../engine/protocol';
import { levelWord } from '../words/verdict';

const LONGEST_NAME = 40;

/** `collapsing since checkpoint-200` */
export function runPhrase({ level, onset }: RunReport): string {
  const word = levelWord(level).toLowerCase();
  return onset === null ? word : vscode.l10n.t('{0} since {1}', word, plain(onset.name));
}

/** A name from a disk as part of one line: short, without control characters, and without the signs that the editor reads as an icon. */
export function plain(name: string): string {
  const line = name.replace(/\p{C}/gu, ' ').replaceAll('$(', '$ (');
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME - 1)}\u2026` : line;
}

/** As Markdown that is text and nothing else. The editor's own way turns spaces into ones at which no line breaks. */
export function escaped(text: string): string {
  return text
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
    .replace(/[!-/:-@[-`{-~]/g, '\\$&');
}
