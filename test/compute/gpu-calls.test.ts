import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import type { Gpu } from '../../src/compute/gpu';
import { answeringGpu, type CallGpu, calledGpu } from '../../src/compute/gpu-calls';
import { openGpu } from '../../src/compute/open-gpu';
import { webgpuKernels } from '../../src/compute/webgpu';
import { answerOver, callsOver } from '../../src/engine/gpu-relay';
import { fakeGpu } from './fake-gpu';

const adapter = { found: true, device: 'A test', software: false } as const;
const ports: { close(): void }[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A GPU behind a port, as the engine's thread has it. */
function remote(gpu: Pick<Gpu, 'openGram'> | null, search: Parameters<typeof answeringGpu>[0] = async () => ({ search: adapter, gpu })) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  answerOver(port1, answeringGpu(search));
  return callsOver(port2);
}

const [count, d] = [300, 70];
const y = Float64Array.from({ length: count * d }, (_, i) => Math.sin(i * i));

test('a Gram matrix by messages is that of the rows', async () => {
  const gpu = calledGpu(remote(fakeGpu()));
  const kernels = webgpuKernels(gpu);
  const gram = new Float64Array(d * d);
  for (let times = 0; times < 2; times++) await kernels.addGram(y, count, d, gram, () => {});
  for (const [i, j] of [
    [0, 0],
    [3, 69],
    [69, 69],
  ] as const) {
    let sum = 0;
    for (let r = 0; r < count; r++) sum += 2 * y[r * d + i]! * y[r * d + j]!;
    expect(gram[i * d + j]).toBeCloseTo(sum, 4);
  }
  expect(await kernels.holdRows(10, d)).toBeNull();
  await kernels.close();
});

test('what fails there is said here', async () => {
  const failing = remote({ openGram: () => Promise.reject(new Error('It ran out of memory.')) });
  await expect(calledGpu(failing).openGram(4)).rejects.toThrow('It ran out of memory.');
  await expect(remote(fakeGpu())({ method: 'add', gram: 7, y: new Float32Array(4), count: 1 })).rejects.toThrow('no such Gram matrix');
  const none = remote(null, async () => ({ search: { found: false, reason: 'None.' }, gpu: null }));
  await expect(calledGpu(none).openGram(4)).rejects.toThrow('There is no GPU.');
});

test('rows that were lost are told of by the next call', async () => {
  const gram = await calledGpu((async ({ method }: { method: string }) => {
    if (method === 'openGram') return 1;
    throw new Error('The panel that had the GPU is gone.');
  }) as CallGpu).openGram(2);
  await gram.add(new Float32Array(2), 1);
  await expect(gram.add(new Float32Array(2), 1)).rejects.toThrow('gone');
  await expect(gram.take(() => {})).rejects.toThrow('gone');
});

test.each([
  ['sums of another length', { firstRow: 0, rows: 2, stride: 2, sums: new Uint32Array(3) }],
  ['sums of another kind', { firstRow: 0, rows: 1, stride: 1, sums: new Float64Array(2) }],
  ['a row before the first', { firstRow: -1, rows: 1, stride: 1, sums: new Uint32Array(2) }],
])('%s are refused', async (_, band) => {
  const gram = await calledGpu((async ({ method }: { method: string }) => (method === 'take' ? band : 1)) as unknown as CallGpu).openGram(
    2,
  );
  await expect(gram.take(() => {})).rejects.toThrow('no part of a Gram matrix');
});

test("where VS Code's runtime has none and no Node.js is there, a panel has it", async () => {
  const surroundings = { electron: true, env: { PATH: '', SIGMA_FOREIGN_FOLDERS: '[]' }, bundles: '/none' };
  const opened = await openGpu({ ...surroundings, panel: remote(fakeGpu()) });
  expect(opened).toMatchObject({
    device: 'A test',
    host: expect.stringMatching(/^In the panel of a file\. VS Code's desktop runtime cannot/),
  });
  expect(await openGpu({ ...surroundings, panel: null })).toMatchObject({ reason: expect.stringContaining('cannot map GPU memory') });
  const software = remote(null, async () => ({ search: { ...adapter, software: true }, gpu: null }));
  expect(await openGpu({ ...surroundings, panel: software })).toMatchObject({ reason: expect.stringContaining('a software one') });
  const hidden = (() => Promise.reject(new Error('No panel is on screen that could have one.'))) as CallGpu;
  expect(await openGpu({ ...surroundings, panel: hidden })).toMatchObject({ reason: expect.stringMatching(/No panel is on screen/) });
});
