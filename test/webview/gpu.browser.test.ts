import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GramBand } from '../../src/compute/gpu';
import { type CallGpu, calledGpu, type GpuCall } from '../../src/compute/gpu-calls';
import { webgpuKernels } from '../../src/compute/webgpu';
import { bundlePanel, hasBrowser, launch, openPanel, type Panel } from './browser';

/** Calls the GPU of a panel's page. Arrays travel as lists of numbers here, which the page and this function turn back. */
function calling({ page }: Panel): CallGpu {
  let last = 0;
  return (async (call: GpuCall) => {
    const id = ++last;
    const plain = 'y' in call ? { ...call, y: [...call.y] } : call;
    await page.evaluate(
      ({ id, call }) => {
        const y = 'y' in call ? { y: Float32Array.from(call.y as number[]) } : {};
        window.postMessage({ type: 'gpu', id, call: { ...call, ...y } }, '*');
      },
      { id, call: plain },
    );
    const handle = await page.waitForFunction((id) => {
      const { posted } = window as unknown as { posted: { type: string; id?: number; answer: unknown; error: string | null }[] };
      const message = posted.find((message) => message.type === 'gpu' && message.id === id);
      if (message === undefined) return null;
      const answer = message.answer as { sums?: Uint32Array } | null;
      return { ...message, answer: answer?.sums ? { ...answer, sums: Array.from(answer.sums) } : answer };
    }, id);
    const { answer, error } = (await handle.jsonValue())!;
    if (error !== null) throw new Error(error);
    const band = answer as GramBand | null;
    return band?.sums ? { ...band, sums: Uint32Array.from(band.sums) } : answer;
  }) as CallGpu;
}

describe.runIf(hasBrowser || process.env.CI === 'true')('the GPU of a panel', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(true);
  });
  afterAll(() => browser?.close());

  test('gives Gram matrices that pass their check, under the policy of the panel', async () => {
    const panel = await openPanel(browser, await bundlePanel());
    const call = calling(panel);
    expect(await call({ method: 'open' })).toMatchObject({ found: true, device: expect.stringMatching(/\w/) });
    const kernels = webgpuKernels(calledGpu(call));
    const [count, d] = [70, 130];
    const y = Float64Array.from({ length: count * d }, (_, i) => Math.sin(i * i));
    const gram = new Float64Array(d * d);
    await kernels.addGram(y, count, d, gram, () => {});
    for (const [i, j] of [
      [0, 0],
      [3, 129],
      [64, 65],
      [129, 129],
    ] as const) {
      let sum = 0;
      for (let r = 0; r < count; r++) sum += y[r * d + i]! * y[r * d + j]!;
      expect(gram[i * d + j]).toBeCloseTo(sum, 4);
    }
    await expect(call({ method: 'take', gram: 99, band: 0 })).rejects.toThrow('no such Gram matrix');
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test('of a browser without one there is none, in a sentence', async () => {
    const without = await launch();
    const panel = await openPanel(without, await bundlePanel());
    const call = calling(panel);
    expect(await call({ method: 'open' })).toEqual({ found: false, reason: 'No GPU that WebGPU can use was found.' });
    await expect(call({ method: 'openGram', d: 4 })).rejects.toThrow('There is no GPU.');
    await without.close();
  });
});
