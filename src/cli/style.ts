const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Look = keyof typeof CODES;

/** What a text may look like: each wraps a text in its escape sequence, or leaves it as it is where there are no colours. */
export type Style = Readonly<Record<Look, (text: string) => string>>;

export function createStyle(colours: boolean): Style {
  return Object.fromEntries(
    Object.entries(CODES).map(([look, [on, off]]) => [look, (text: string) => (colours ? `\u001b[${on}m${text}\u001b[${off}m` : text)]),
  ) as Style;
}

/** A stream that may be a terminal. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** FORCE_COLOR decides when it is set (`0` and `false` mean no), then NO_COLOR, then whether a person is there to see it. */
export function wantsColours(stream: Output, env: Environment): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}
