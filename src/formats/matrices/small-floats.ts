import { DECODE } from './decode-code';

/** Codes in `bytes`, from byte `from`, to `into`, from `at`; little-endian. */
export type DecodeCodes = (bytes: Uint8Array, from: number, into: Float64Array, at: number, count: number) => void;

/** What assembly/decode.ts exports; addresses in bytes. */
interface Exports {
  bfloat16(from: number, count: number, to: number): void;
  float16(from: number, count: number, to: number): void;
  byValue(from: number, count: number, to: number, values: number): void;
}

/** Elements that are decoded at a time: 128 KiB of float64 and their codes stay in the second-level cache. */
const BAND = 2 ** 14;
const VALUES = 0;
const CODES = 2048;
const DOUBLES = CODES + 2 * BAND;
const PAGE = 65_536;

/** By WebAssembly SIMD; null where there is none. */
let kernels: { readonly run: Exports; readonly bytes: Uint8Array; readonly doubles: Float64Array } | null | undefined;

function openKernels(): NonNullable<typeof kernels> | null {
  const code = Uint8Array.from(Buffer.from(DECODE, 'base64'));
  if (!WebAssembly.validate(code)) return null;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((DOUBLES + 8 * BAND) / PAGE) });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
  return { run: exports as unknown as Exports, bytes: new Uint8Array(memory.buffer), doubles: new Float64Array(memory.buffer) };
}

/**
 * Decodes two to four times as fast as a table in JavaScript.
 * @param type of 16 bits, or the values of all bytes
 * @returns null where there is no WebAssembly SIMD
 */
export function decodeCodes(type: 'float16' | 'bfloat16' | Float32Array): DecodeCodes | null {
  if (kernels === undefined) kernels = openKernels();
  if (kernels === null) return null;
  const { run, bytes: memory, doubles } = kernels;
  const size = typeof type === 'string' ? 2 : 1;
  const decoded = doubles.subarray(DOUBLES / 8, DOUBLES / 8 + BAND);
  return (bytes, from, into, at, count) => {
    if (typeof type !== 'string') doubles.set(type, VALUES);
    for (let first = 0; first < count; first += BAND) {
      const taken = Math.min(BAND, count - first);
      const eights = 8 * Math.ceil(taken / 8);
      memory.set(bytes.subarray(from + first * size, from + (first + taken) * size), CODES);
      if (typeof type === 'string') run[type](CODES, eights, DOUBLES);
      else run.byValue(CODES, eights, DOUBLES, VALUES);
      into.set(taken === BAND ? decoded : decoded.subarray(0, taken), at + first);
    }
  };
}
