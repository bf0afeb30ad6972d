// Checkpoints as the Trainer of Hugging Face leaves them, of small matrices: what counts here is their number.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns numbers in [-0.5, 0.5), the same for the same seed */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** A safetensors file of `tensors` weights of `rows` x `columns` float32. */
export function safetensors(tensors, rows, columns, random) {
  const bytes = 4 * rows * columns;
  const header = {};
  for (let i = 0; i < tensors; i++) {
    const name = `model.layers.${Math.floor(i / 7)}.part${i % 7}.weight`;
    header[name] = { dtype: 'F32', shape: [rows, columns], data_offsets: [i * bytes, (i + 1) * bytes] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const values = Float32Array.from({ length: tensors * rows * columns }, random);
  return Buffer.concat([length, json, Buffer.from(values.buffer)]);
}

/** Renamed into place when it is whole. */
export function saveCheckpoint(run, step, model) {
  const temporary = join(run, `tmp-checkpoint-${step}`);
  mkdirSync(temporary, { recursive: true });
  writeFileSync(join(temporary, 'model.safetensors'), model);
  writeFileSync(join(temporary, 'trainer_state.json'), JSON.stringify({ global_step: step }));
  renameSync(temporary, join(run, `checkpoint-${step}`));
}
