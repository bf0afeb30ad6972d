/** A language that nobody speaks: accented, a third longer, in brackets. What is said around it was never translated. */

const PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ACCENTED = [...'áƀçđéƒǧħíĵķĺḿñóƥɋřšţúṽŵẋýžÁƁÇĐÉƑǦĦÍĴĶĹḾÑÓƤɊŘŠŢÚṼŴẊÝŽ'];
const LONGER = 0.3;

/** A message, with its placeholders and what is not for people (links, settings, code, icons) as they are. */
export function pseudo(message: string): string {
  const kept = message.split(/(\{\d\}|\]\([^)]*\)|`[^`]*`|\$\([^)]*\))/);
  const accented = kept.map((part, i) =>
    i % 2 === 1 ? part : [...part].map((letter) => ACCENTED[PLAIN.indexOf(letter)] ?? letter).join(''),
  );
  return `⟦${accented.join('')}${'~'.repeat(Math.ceil(LONGER * message.length))}⟧`;
}

/** In place of the editor's `l10n.t`. */
export function pseudoTranslate(message: string, ...values: unknown[]): string {
  return pseudo(message).replace(/\{(\d)\}/g, (_, index) => String(values[Number(index)]));
}

/**
 * What of a visible text is neither in that language nor data: words in plain letters, and sentences glued from translated parts.
 * @param data names, paths and numbers that may stand in it
 */
export function untranslated(text: string, data: readonly string[]): string[] {
  const shown = data
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, value) => rest.replaceAll(value, '◆'), text.replace(/\\(.)/g, '$1').replace(/\$\([a-z~-]+\)|\]\([^)]*\)/g, ''));
  return [...(shown.match(/[A-Za-z]{2,}/g) ?? []), ...(shown.match(/⟧ +⟦/g) ?? [])];
}
