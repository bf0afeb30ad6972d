// A trainer that does nothing but save: files of a model one after the other, each on disk before the next. For each line that it reads
// (a number of files) it prints how many milliseconds they took.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [run, megabytes] = [process.argv[2], Number(process.argv[3])];
const KEPT = 2;
const columns = 1024;
const rows = (megabytes * 2 ** 20) / (4 * columns);
const json = Buffer.from(
  JSON.stringify({ 'model.weight': { dtype: 'F32', shape: [rows, columns], data_offsets: [0, 4 * rows * columns] } }),
);
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(json.length));
const values = new Float32Array(2 ** 18).map((_, i) => Math.sin(i * i));
const piece = Buffer.from(values.buffer);
let step = 1_000_000;

function save() {
  const name = `checkpoint-${++step}`;
  const temporary = join(run, `tmp-${name}`);
  mkdirSync(temporary, { recursive: true });
  const file = openSync(join(temporary, 'model.safetensors'), 'w');
  writeSync(file, length);
  writeSync(file, json);
  for (let written = 0; written < megabytes; written++) writeSync(file, piece);
  fsyncSync(file);
  closeSync(file);
  writeFileSync(join(temporary, 'trainer_state.json'), '{}');
  renameSync(temporary, join(run, name));
  rmSync(join(run, `checkpoint-${step - KEPT}`), { recursive: true, force: true });
}

for await (const line of createInterface({ input: process.stdin })) {
  const files = Number(line);
  const start = performance.now();
  for (let i = 0; i < files; i++) save();
  console.log(performance.now() - start);
}
