import { isDecimal } from './decimal';

/** How files of word vectors start: looked at before any reader is loaded. */

/** `N D`, then a line of words and numbers; or a word and at least two numbers that do not merely count columns. */
export function isWordVectorText(head: Uint8Array): boolean {
  if (head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return false;
  const [first = [], second = []] = wholeFields(head);
  if (first.length === 2 && first.every(isCount) && second.length > 2) return numbersAtEnd(second) > 0;
  const numbers = numbersAtEnd(first);
  const counts = first.slice(first.length - numbers).every((field, i) => field === String(i));
  return numbers >= 2 && numbers < first.length && !counts;
}

/** `N D`, a name, a space, and bytes that are no numbers written out. */
export function isWord2vec(head: Uint8Array): boolean {
  const header = /^\d+ \d+\n/.exec(latin1(head))?.[0];
  if (header === undefined) return false;
  let name = header.length;
  while (head[name] === 0x0a) name++;
  const space = head.indexOf(0x20, name);
  return space > name && head.subarray(space + 1).some((byte) => byte < 0x09 || byte > 0x7e);
}

/** Fields of the first two lines, without one that may go on behind the head. */
function wholeFields(head: Uint8Array): string[][] {
  const lines = latin1(head).split('\n', 3);
  return lines.slice(0, 2).map((line, i) => {
    const fields = line.trim().split(/[ \t]+/);
    return i === lines.length - 1 ? fields.slice(0, -1) : fields;
  });
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function isCount(field: string): boolean {
  return /^\d+$/.test(field);
}

function numbersAtEnd(fields: readonly string[]): number {
  return fields.length - 1 - fields.findLastIndex((field) => !isDecimal(field));
}
