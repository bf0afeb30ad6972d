import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpuKernels } from '../../src/compute/cpu';
import { fallingBack } from '../../src/compute/falling-back';
import { findNode } from '../../src/compute/find-node';
import { hostedGpu } from '../../src/compute/gpu-host-client';
import { openGpu } from '../../src/compute/open-gpu';
import { webgpuKernels } from '../../src/compute/webgpu';
import { softwareGpu } from '../software-gpu';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'sigma-host-')));
afterAll(() => rmSync(root, { recursive: true }));

/** A folder with an executable named node that is this shell script. */
function fakeNode(name: string, script: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'node'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'node'), 0o755);
  return folder;
}
const answering = (...answer: unknown[]): string => `echo '${JSON.stringify(answer)}'`;
const platform = `${process.platform}-${process.arch}`;
const nothing = (): void => {};

describe.skipIf(process.platform === 'win32')('a Node.js of the system', () => {
  test('is the first on the PATH that is what it should be; of the others it is said why not', async () => {
    const failing = fakeNode('failing', 'exit 3');
    const hanging = fakeNode('hanging', 'exec sleep 60');
    const old = fakeNode('old', answering('18.20.0', platform, false));
    const found = fakeNode('found', answering('22.1.0', platform, false));
    const search = (...folders: string[]) => findNode(folders.join(delimiter), [], {}, 500);
    await expect(search('.', 'bin', join(root, 'missing'), failing, hanging, found)).resolves.toEqual({
      path: join(found, 'node'),
      version: '22.1.0',
    });
    const none = await search(failing, hanging, old);
    expect(none).toEqual({
      reason: `no Node.js 20 or newer was found on the PATH (${failing}/node does not run; ${hanging}/node did not answer in 0.5 seconds; ${old}/node is 18.20.0)`,
    });
    const wrong = await search(
      fakeNode('electron', answering('22.1.0', platform, true)),
      fakeNode('foreign', answering('22.1.0', 'plan9-vax', false)),
      fakeNode('babbling', 'echo hello'),
    );
    expect(wrong).toMatchObject({ reason: expect.stringMatching(/is Electron; .* is built for plan9-vax; .* does not say what it is/) });
  });

  test('is never one that the workspace brings along, nor by a link', async () => {
    const workspace = fakeNode('workspace', `touch ${join(root, 'was-run')}; ${answering('22.1.0', platform, false)}`);
    const linked = join(root, 'linked');
    mkdirSync(linked);
    symlinkSync(join(workspace, 'node'), join(linked, 'node'));
    const path = [workspace, linked].join(delimiter);
    expect(await findNode(path, [workspace], {})).toEqual({ reason: 'no Node.js 20 or newer was found on the PATH' });
    const { PATH } = process.env;
    const ran = await findNode(path, [], { PATH });
    expect(ran).toMatchObject({ version: '22.1.0' });
  });

  test('is not started in Restricted Mode', async () => {
    const env = { PATH: fakeNode('restricted', `touch ${join(root, 'restricted-was-run')}`) };
    const opened = await openGpu({ electron: true, env, bundles: root, panel: null });
    expect(opened).toEqual({
      reason: "VS Code's desktop runtime cannot map GPU memory, and in Restricted Mode no other program is started.",
    });
  });
});

const driver = softwareGpu();

describe.skipIf(driver === null)('the process that has the GPU', () => {
  // Where the driver is looked for from a bundle: two folders below node_modules.
  const bundles = mkdtempSync(join(process.cwd(), 'node_modules', '.cache-sigma-host-'));
  const script = join(bundles, 'gpu-host.js');
  const env = { ...process.env, ...driver, SIGMA_ALLOW_SOFTWARE_GPU: '1', SIGMA_FOREIGN_FOLDERS: '[]' };
  const label = (name: 'cpu' | 'webgpu') => ({ name, device: name, precision: 'float32', selfTestError: 0, fallbackReason: null }) as const;

  beforeAll(async () => {
    await build({
      entryPoints: { 'gpu-host': 'src/compute/gpu-host.ts' },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['gl'],
      outdir: bundles,
      logLevel: 'warning',
    });
    symlinkSync(join(process.cwd(), 'node_modules', 'webgpu', 'dist', platform), join(bundles, 'dawn'));
  });
  afterAll(() => rmSync(bundles, { recursive: true }));

  const [count, d] = [257, 70];
  const y = Float64Array.from({ length: count * d }, (_, i) => Math.sin(i * i));

  async function expectSums(gram: Float64Array, times: number): Promise<void> {
    const expected = new Float64Array(d * d);
    await cpuKernels().addGram(y, count, d, expected, nothing);
    for (let i = 0; i < d; i++) {
      for (let j = i; j < d; j++) expect(Math.abs(gram[i * d + j] - times * expected[i * d + j])).toBeLessThan(1e-5 * times * expected[0]);
    }
  }

  test('computes what this one cannot, and says which it is and why', async () => {
    const opened = await openGpu({ electron: true, env, bundles, panel: null });
    if ('reason' in opened) throw new Error(opened.reason);
    try {
      expect(opened.host).toMatch(
        /^In a process of Node\.js \d+\.\d+\.\d+ \(.*node\), as VS Code's desktop runtime cannot map GPU memory\.$/,
      );
      const kernels = webgpuKernels(opened.gpu);
      const gram = new Float64Array(d * d);
      await kernels.addGram(y, count, d, gram, nothing);
      await expectSums(gram, 1);
      const held = (await kernels.holdRows(count, d))!;
      await held.add(y, count, nothing);
      const x = Float64Array.from({ length: 2 * d }, (_, i) => Math.cos(i));
      const [found, expected] = [new Float64Array(2 * d), new Float64Array(2 * d)];
      await held.applyGram(x, 2, found, nothing);
      await cpuKernels().applyGram(y, count, d, x, 2, expected, nothing);
      const largest = Math.max(...expected.map(Math.abs));
      found.forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(1e-5 * largest);
      });
    } finally {
      await opened.gpu.close();
    }
  });

  test('killed in the middle of a job, it leaves the sums so far, and the job goes on', async () => {
    const hosted = await hostedGpu(process.execPath, script, env);
    if ('reason' in hosted) throw new Error(hosted.reason);
    const backend = fallingBack(
      { kernels: webgpuKernels(hosted.gpu), description: label('webgpu') },
      { kernels: cpuKernels(), description: label('cpu') },
    );
    const gram = new Float64Array(d * d);
    const sum = await backend.kernels.sumGram(d, gram);
    await sum.add(y, count, nothing);
    await sum.settle(nothing);
    await sum.add(y, count, nothing);
    process.kill(hosted.pid, 'SIGKILL');
    await sum.add(y, count, nothing);
    await sum.settle(nothing);
    await expectSums(gram, 3);
    expect(backend.description).toMatchObject({ name: 'cpu', precision: 'float32' });
    expect(backend.description.fallbackReason).toMatch(
      /^webgpu failed during the work: The process that has the GPU ended with SIGKILL\.$/,
    );
    await hosted.gpu.close();
  });

  test('that ends or hangs at its start gives a sentence', async () => {
    const mute = join(bundles, 'mute.js');
    writeFileSync(mute, 'setInterval(() => {}, 1000)');
    const broken = join(bundles, 'broken.js');
    writeFileSync(broken, 'process.exit(7)');
    const soon = { open: 500, answer: 500 };
    expect(await hostedGpu(process.execPath, mute, env, soon)).toEqual({
      reason: 'The process that has the GPU did not answer in 0.5 seconds.',
    });
    expect(await hostedGpu(process.execPath, broken, env)).toEqual({ reason: 'The process that has the GPU ended with exit code 7.' });
    expect(await hostedGpu(join(root, 'none'), broken, env)).toMatchObject({ reason: expect.stringContaining('does not start') });
  });
});
