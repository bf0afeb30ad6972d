import { FormatError } from '../format-error';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

// The tables of contents of model files spend some 16 bytes of text on each object or array, and an empty array in memory
// costs some 50 bytes: `[[],[],...` would otherwise take many times the memory that its length suggests.
const BYTES_PER_CONTAINER = 16;
const FREE_CONTAINERS = 64;
// Three containers and ten values for each of 200,000 tensors, which take some 300 MB of memory.
const MOST_CONTAINERS = 600_000;
const MOST_VALUES = 2_000_000;

/**
 * JSON from a file, refused before it is built when it has many more objects and arrays than its length justifies.
 * Of a name that occurs twice in one object the last value counts, as in the safetensors reference.
 *
 * @param what the text, for messages, e.g. `the header`
 * @param base offset of `text` in the file, for messages
 * @throws FormatError when the text is not UTF-8, not JSON or not plausible
 */
export function parseBoundedJson(text: Uint8Array, path: string, what: string, base: number): unknown {
  const { containers, values } = countContents(text);
  if (containers > MOST_CONTAINERS || values > MOST_VALUES) {
    throw new FormatError(path, base, `${what} lists more than the 200,000 tensors that are read.`);
  }
  if (containers > FREE_CONTAINERS + text.length / BYTES_PER_CONTAINER) {
    throw new FormatError(path, base, `${what} has more brackets than a list of tensors can have.`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text));
  } catch {
    throw new FormatError(path, base, `${what} is not valid JSON in UTF-8.`);
  }
}

/** Opening brackets, and commas between values. */
function countContents(text: Uint8Array): { readonly containers: number; readonly values: number } {
  let containers = 0;
  let values = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i];
    if (byte === QUOTE) inString = !inString;
    else if (inString) {
      if (byte === BACKSLASH) i++;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) containers++;
    else if (byte === COMMA) values++;
  }
  return { containers, values };
}
