import { writeFileSync } from 'node:fs';

/** Writes rows x columns float32 numbers as a .npy file. */
export function writeNpy(file: string, rows: number, columns: number, values: Float32Array): void {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  // The magic, the version and the length take 10 bytes; the data begin at a multiple of 64.
  const header = text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11).concat('\n');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  writeFileSync(file, Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header, 'latin1'), bytes(values)]));
}

/** Writes float32 matrices as a .safetensors file. */
export function writeSafetensors(
  file: string,
  tensors: Readonly<Record<string, { shape: readonly [number, number]; values: Float32Array }>>,
): void {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { shape, values }]) => {
    const start = end;
    end += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(file, Buffer.concat([length, header, ...Object.values(tensors).map(({ values }) => bytes(values))]));
}

/** Numbers that look random and are the same in every run (a linear congruential generator), in [-1, 1). */
export function noise(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function bytes(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
