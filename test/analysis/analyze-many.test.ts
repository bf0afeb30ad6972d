import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { analyzeMany } from '../../src/analysis/analyze-many';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { selectBackend } from '../../src/compute/select';
import { openTensorFile } from '../../src/formats/open';
import { normal, uniform } from '../../src/spectral/random';

const folder = mkdtempSync(join(tmpdir(), 'sigma-many-'));
const script = join(folder, 'matrix-worker.js');
const path = join(folder, 'model.safetensors');
const SHAPES = [
  [60, 20],
  [20, 60],
  [33, 33],
  [1, 7],
  [200, 5],
] as const;

beforeAll(async () => {
  await build({
    entryPoints: ['src/analysis/matrix-worker.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['gl', 'webgpu'],
    outfile: script,
    logLevel: 'error',
  });
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let at = 0;
  const random = normal(uniform(5));
  for (const [i, [rows, columns]] of SHAPES.entries()) {
    const values = Float32Array.from({ length: rows * columns }, random);
    header[`layer.${i}.weight`] = { dtype: 'F32', shape: [rows, columns], data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
    parts.push(Buffer.from(values.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...parts]));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function job() {
  const file = await openTensorFile(path);
  const backend = await selectBackend('cpu');
  const tensors = file.tensors.map(({ name }) => name);
  const { description } = backend;
  return { file, backend, job: { path, fingerprint: file.fingerprint, tensors, options: DEFAULT_OPTIONS, description } };
}

test.each([1, 2, 4])('%i threads give the reports of none, bit for bit and in order', async (threads) => {
  const { file, backend, job: asked } = await job();
  const seen: number[] = [];
  let index = 0;
  for await (const outcome of analyzeMany(script, threads, asked, ({ index }) => seen.push(index))) {
    expect(outcome.index).toBe(index);
    if (!('report' in outcome)) throw new Error(outcome.unsound);
    const alone = await analyze(file, asked.tensors[index++]!, DEFAULT_OPTIONS, backend, { poll() {}, progress() {}, refined: null });
    expect({ ...outcome.report, timings: null }).toEqual({ ...alone, timings: null });
  }
  expect(index).toBe(SHAPES.length);
  expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4]);
  await file.close();
});

test('of a file that is another one by now, each matrix says so', async () => {
  const { file, job: asked } = await job();
  await file.close();
  const said: string[] = [];
  for await (const outcome of analyzeMany(script, 2, { ...asked, fingerprint: 'of yesterday' }, () => {})) {
    if ('unsound' in outcome) said.push(outcome.unsound);
  }
  expect(said).toEqual(SHAPES.map(() => `${path}: it changed while it was read.`));
});

test('a thread that cannot work ends all', async () => {
  const { file, job: asked } = await job();
  await file.close();
  const reports = analyzeMany(script, 2, { ...asked, path: join(folder, 'none.npy') }, () => {});
  await expect(reports.next()).rejects.toThrow('there is no such file');
});

test('whoever stops reading stops the threads', async () => {
  const { file, job: asked } = await job();
  await file.close();
  for await (const outcome of analyzeMany(script, 2, asked, () => {})) {
    expect(outcome.index).toBe(0);
    break;
  }
});
