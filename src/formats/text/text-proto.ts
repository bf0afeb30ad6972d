import { FormatError } from '../format-error';

/** A message in the text form of protocol buffers: the values of each field, in order. Numbers and enumerators are kept as text. */
export type TextMessage = ReadonlyMap<string, readonly (string | TextMessage)[]>;

const MOST_DEPTH = 16;
const TOKEN = /\s+|#[^\n]*|([A-Za-z_][\w.]*|[+-]?[\d.][\w.+-]*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([{}<>[\]:,;])/gy;

interface Token {
  readonly at: number;
  readonly text: string;
  readonly kind: 'word' | 'string' | 'sign';
}

/**
 * @param text of the whole file
 * @throws FormatError when it is no such message
 */
export function parseTextProto(text: string, path: string): TextMessage {
  const tokens = tokensOf(text, path);
  let next = 0;
  const wrong = (expected: string): FormatError => {
    const token = tokens[next];
    const found = token === undefined ? 'the end' : JSON.stringify(token.text.slice(0, 40));
    return new FormatError(path, token?.at ?? text.length, `${expected} was expected, not ${found}.`);
  };
  const isSign = (...signs: readonly string[]): boolean => tokens[next]?.kind === 'sign' && signs.includes(tokens[next]!.text);

  const value = (depth: number): string | TextMessage => {
    if (isSign('{', '<')) {
      const close = tokens[next++]!.text === '{' ? '}' : '>';
      return message(close, depth + 1);
    }
    const token = tokens[next];
    if (token === undefined || token.kind === 'sign') throw wrong('a value');
    next++;
    if (token.kind === 'word') return token.text;
    let joined = unquoted(token.text);
    while (tokens[next]?.kind === 'string') joined += unquoted(tokens[next++]!.text);
    return joined;
  };

  const message = (close: string | null, depth: number): TextMessage => {
    if (depth > MOST_DEPTH) throw wrong('a simpler message');
    const fields = new Map<string, (string | TextMessage)[]>();
    while (close === null ? next < tokens.length : !isSign(close)) {
      const name = tokens[next];
      if (name?.kind !== 'word') throw wrong('the name of a field');
      next++;
      const colon = isSign(':');
      if (colon) next++;
      else if (!isSign('{', '<')) throw wrong('a colon');
      const values = fields.get(name.text) ?? [];
      fields.set(name.text, values);
      if (isSign('[')) {
        next++;
        while (!isSign(']')) {
          values.push(value(depth));
          if (isSign(',')) next++;
          else if (!isSign(']')) throw wrong('a comma or ]');
        }
        next++;
      } else values.push(value(depth));
      if (isSign(',', ';')) next++;
    }
    if (close !== null) next++;
    return fields;
  };
  return message(null, 0);
}

function tokensOf(text: string, path: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (match === null)
      throw new FormatError(path, at, `this is no text of a protocol buffer: ${JSON.stringify(text.slice(at, at + 20))}.`);
    const [whole, word, string, sign] = match;
    if (word !== undefined) tokens.push({ at, text: whole, kind: 'word' });
    else if (string !== undefined) tokens.push({ at, text: whole, kind: 'string' });
    else if (sign !== undefined) tokens.push({ at, text: whole, kind: 'sign' });
  }
  return tokens;
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))/gs, (_, octal, hex, other: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return ({ n: '\n', t: '\t', r: '\r' } as Record<string, string>)[other] ?? other;
  });
}
