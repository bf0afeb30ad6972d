import { stripVTControlCharacters } from 'node:util';
import { plainText } from '../words/plain-text';

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Text that a file, a path or the system chose, fit for a terminal: one line, without escape sequences or control characters. */
export function printable(text: string): string {
  return plainText(stripVTControlCharacters(text));
}

/** Terminal cells that the text takes; colours take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** The text in exactly `width` cells, or in more if it is longer. */
export function padTo(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** At most `width` cells of an uncoloured text; the middle gives way, since both ends of a name tell it apart. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const parts = [...graphemes.segment(text)].map(({ segment }) => segment);
  const head = Math.ceil((width - 1) / 2);
  return `${take(parts, head)}…${take(parts.reverse(), width - 1 - head, true)}`;
}

function take(parts: readonly string[], width: number, reversed = false): string {
  const taken: string[] = [];
  let used = 0;
  for (const part of parts) {
    used += displayWidth(part);
    if (used > width) break;
    taken.push(part);
  }
  return (reversed ? taken.reverse() : taken).join('');
}

/** Lines of at most `width` cells, broken at spaces; a longer word stands on a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
