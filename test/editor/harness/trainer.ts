import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { EPOCH, type Matrix, Trainer } from '../../runs/trainer';
import { repository } from './session';

/** A save takes a second or less. */
const SPEED = 20;

/** First it is trained on real text, then on what it writes itself. */
const GENERATIONS = [
  ...[0, 5, 10].map((generation) => `control-s0/generation-${generation}`),
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((generation) => `replace-s0/generation-${generation}`),
];

/** At which it saves. */
export const HEALTHY_STEPS: readonly number[] = [100, 200, 300];
export const COLLAPSING_STEPS: readonly number[] = [400, 500, 600, 700, 800, 900, 1000, 1100];

/**
 * A Hugging Face Trainer in real time, which saves the embeddings of the sample runs, one generation after the other: each into a
 * temporary folder, piece by piece, which then gets its name.
 * @param directory of the run
 */
export function collapsingTrainer(directory: string): Trainer {
  const clock = { now: () => Date.now() - EPOCH, sleep: (milliseconds: number) => setTimeout(milliseconds / SPEED) };
  const tensors = (step: number) => ({ embeddings: embeddings(GENERATIONS[step / 100 - 1]!) });
  return new Trainer({ directory, kind: 'trainer-renamed', clock, seed: 1, tensors });
}

/** 1000 x 100, float32, at the end of its file. */
function embeddings(generation: string): Matrix {
  const file = readFileSync(path.join(repository, 'samples', generation, 'embeddings.npy'));
  const [rows, columns] = [1000, 100];
  const values = new Float32Array(rows * columns);
  Buffer.from(values.buffer).set(file.subarray(-values.byteLength));
  return { rows, columns, values };
}
