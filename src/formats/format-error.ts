/** A file that is not what it should be. The message is one sentence for a person: what, where, what was expected. */
export class FormatError extends Error {
  override readonly name = 'FormatError';

  /**
   * @param path the file, or the part of it
   * @param offset byte at which the file stopped making sense, or null when that is nowhere in particular
   * @param detail what was found and what was expected, without file name and offset
   */
  constructor(
    readonly path: string,
    readonly offset: number | null,
    readonly detail: string,
  ) {
    super(`${path}${offset === null ? '' : ` at byte ${offset}`}: ${detail}`);
  }
}

/** A file of no format that is known: a person can still say how its numbers lie. */
export class UnknownFormatError extends FormatError {}
