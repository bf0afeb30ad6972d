// C0 and C1 controls, line and paragraph separators, and the marks that turn the writing direction.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text that a file, a path or the system chose, on one line and read in the order in which it is written. */
export function plainText(text: string): string {
  return text.replace(CONTROLS, '\ufffd');
}
