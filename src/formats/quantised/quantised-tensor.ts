import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, decoder, type ElementType } from '../matrices/elements';
import type { OpenMatrix } from '../weights/stored-tensors';
import type { QuantisationConfig } from './quantisation-config';

/** A contiguous little-endian tensor in bytes [start, end) of a file. */
export interface Stored {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly source: ByteSource;
  readonly start: number;
  readonly end: number;
}

/** A tensor that is stored as codes, scales and what else its scheme needs. */
export interface Quantised {
  /** Of the tensor that these stand for. */
  readonly name: string;
  /** For a person, e.g. `GPTQ 4-bit`. */
  readonly scheme: string;
  readonly shape: readonly number[];
  /** Names of the stored tensors it is made of, without the codes. */
  readonly others: readonly string[];
  readonly open: OpenMatrix;
  /** What a person should know, as sentences; null for nothing. */
  readonly note: string | null;
}

/** What a scheme makes of a tensor of codes: the numbers, or why not as a sentence; null where it is of another scheme. */
export type Scheme = (
  codes: Stored,
  beside: (name: string) => Stored | undefined,
  config: QuantisationConfig,
) => Promise<Quantised | string | null> | Quantised | string | null;

/** A scale for every group of weights fits; nothing larger should be held. */
const MOST_HELD = 2 ** 25;

/**
 * `count`, of things that are held in memory all at once.
 * @throws FormatError when they are too many
 */
export function held(count: number, { name, source, start }: Stored): number {
  if (count <= MOST_HELD) return count;
  throw new FormatError(source.path, start, `tensor ${JSON.stringify(name)} needs ${count} numbers at once, too many to hold.`);
}

/**
 * All numbers of a small tensor.
 * @throws FormatError when it is not small, or its elements are no numbers
 */
export async function numbersOf(tensor: Stored): Promise<Float64Array> {
  const { name, dtype, source, start, end } = tensor;
  const type = Object.hasOwn(BYTES_PER_ELEMENT, dtype) ? (dtype as ElementType) : null;
  if (type === null) throw new FormatError(source.path, start, `tensor ${JSON.stringify(name)} of ${dtype} cannot be read.`);
  const values = held((end - start) / BYTES_PER_ELEMENT[type], tensor);
  const bytes = new Uint8Array(end - start);
  await source.read(start, bytes);
  const into = new Float64Array(values);
  decoder(type, 'little')(bytes, 0, 1, into, 0, 1, values);
  return into;
}
