import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { normal } from '../../src/spectral/random';

/** Rows from which samples are drawn, d each, row-major. */
export interface Population {
  readonly rows: number;
  readonly columns: number;
  /** Whether rows are scaled to unit length. */
  readonly scaled: boolean;
  readonly values: Float64Array;
}

const ROWS = 20_000;
const COLUMNS = 100;

function fill(row: (out: Float64Array) => void): Population {
  const values = new Float64Array(ROWS * COLUMNS);
  for (let i = 0; i < ROWS; i++) row(values.subarray(i * COLUMNS, (i + 1) * COLUMNS));
  return { rows: ROWS, columns: COLUMNS, scaled: true, values };
}

function gaussian(variance: (i: number) => number) {
  return (random: () => number): Population => {
    const next = normal(random);
    const scale = Float64Array.from({ length: COLUMNS }, (_, j) => Math.sqrt(variance(j + 1)));
    return fill((out) => {
      for (let j = 0; j < COLUMNS; j++) out[j] = scale[j] * next();
    });
  };
}

/** Independent Student t5 entries on a power-law spectrum: heavier tails than any rotation of Gaussian rows. */
function heavyTailed(random: () => number): Population {
  const next = normal(random);
  return fill((out) => {
    for (let j = 0; j < COLUMNS; j++) {
      let chi = 0;
      for (let k = 0; k < 5; k++) chi += next() ** 2;
      out[j] = ((j + 1) ** -0.5 * next()) / Math.sqrt(chi / 5);
    }
  });
}

function clustered(random: () => number): Population {
  const next = normal(random);
  const centres = Array.from({ length: 12 }, () => Float64Array.from({ length: COLUMNS }, next));
  return fill((out) => {
    const centre = centres[Math.floor(random() * centres.length)];
    for (let j = 0; j < COLUMNS; j++) out[j] = centre[j] + 0.3 * next();
  });
}

function ownLengths(population: (random: () => number) => Population) {
  return (random: () => number): Population => ({ ...population(random), scaled: false });
}

/** All generations of some real runs, pooled. */
function real(folder: string, runs: readonly string[]) {
  return (): Population => {
    const parts = runs.flatMap((run) =>
      readdirSync(join(folder, run))
        .filter((name) => name.startsWith('generation-'))
        .map((name) => readFileSync(join(folder, run, name, 'embeddings.npy')))
        .map((bytes) => {
          const start = 10 + bytes.readUInt16LE(8);
          return Float64Array.from({ length: (bytes.length - start) / 4 }, (_, i) => bytes.readFloatLE(start + 4 * i));
        }),
    );
    const values = new Float64Array(parts.reduce((total, part) => total + part.length, 0));
    let at = 0;
    for (const part of parts) {
      values.set(part, at);
      at += part.length;
    }
    return { rows: values.length / COLUMNS, columns: COLUMNS, scaled: true, values };
  };
}

/** @param runs folder of the real recursive-training runs */
export function populations(runs: string): Record<string, (random: () => number) => Population> {
  return {
    isotropic: gaussian(() => 1),
    'power law 0.7': gaussian((i) => i ** -0.7),
    'power law 1': gaussian((i) => i ** -1),
    'power law 1.5': gaussian((i) => i ** -1.5),
    spiked: gaussian((i) => [30, 20, 10, 6, 4][i - 1] ?? 1),
    'low rank + floor': gaussian((i) => (i <= 10 ? 1 : 1e-4)),
    'heavy-tailed (t5)': heavyTailed,
    clustered,
    'real, control': real(runs, ['control-s0']),
    'real, collapsing': real(runs, ['replace-s0']),
    'heavy-tailed (t5), own lengths': ownLengths(heavyTailed),
    'real, mixed': real(runs, ['accumulate-s0', 'replace-p0.9-s0', 'replace-t1.0-s0']),
  };
}
