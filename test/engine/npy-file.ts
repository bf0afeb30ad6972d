import { closeSync, openSync, writeSync } from 'node:fs';

/** Writes a float32 .npy file of reproducible numbers in [-1, 1), a block of rows at a time. */
export function writeNpy(path: string, rows: number, columns: number, seed = 1): void {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  // Magic, version, length and header fill a multiple of 64 bytes.
  const header = `${description.padEnd(Math.ceil((description.length + 11) / 64) * 64 - 11)}\n`;
  const file = openSync(path, 'w');
  try {
    writeSync(file, Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 0xff, header.length >> 8]));
    writeSync(file, header);
    const block = new Float32Array(Math.min(rows, 1024) * columns);
    let state = seed;
    for (let row = 0; row < rows; row += 1024) {
      const count = Math.min(1024, rows - row) * columns;
      for (let i = 0; i < count; i++) {
        // A linear congruential generator (Numerical Recipes): nothing here needs a better one.
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        block[i] = state / 2 ** 31;
      }
      writeSync(file, block, 0, count * Float32Array.BYTES_PER_ELEMENT);
    }
  } finally {
    closeSync(file);
  }
}
