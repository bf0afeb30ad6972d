// Memory on checkpoints of 40 GB, which are nearly all hole: what the system says of the built programs.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { EngineClient } from '../../src/engine/client';
import { ErrorCode } from '../../src/engine/protocol';
import { sparseNpy, sparseSafetensors, sparseTorch } from './sparse-files';

/** MiB. */
const BUDGET = 1024;
const BYTES = 40e9;
const files = { safetensors: 'model.safetensors', npy: 'rows.npy', torch: 'model.pt' } as const;
const tensors = { safetensors: 'layers.1999.weight', npy: '', torch: 'weight' } as const;
// Rows of zeros have no direction: taken as they are, they go through all of the arithmetic.
const options = { ...DEFAULT_OPTIONS, backend: 'cpu', normalize: false } as const;

/** The largest resident set that a process had so far, MiB. */
function peak(pid: number | 'self'): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

describe.runIf(process.platform === 'linux')('on 40 GB, the largest resident set is below 1 GiB', () => {
  let folder: string;
  const at = (format: keyof typeof files) => join(folder, files[format]);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sigma-memory-'));
    sparseSafetensors(at('safetensors'), 2000, 5000, 1000);
    sparseNpy(at('npy'), 10_000_000, 1024);
    sparseTorch(at('torch'), 10_000_000, 1000);
    writeFileSync(
      join(folder, 'peak.cjs'),
      `const { isMainThread } = require('node:worker_threads');
       if (isMainThread) process.on('exit', () => process.stderr.write(require('node:fs').readFileSync('/proc/self/status', 'utf8')));`,
    );
    for (const format of ['safetensors', 'npy', 'torch'] as const) {
      const { size, blocks } = statSync(at(format));
      expect([size >= BYTES, blocks * 512 < 2 ** 22]).toEqual([true, true]);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(['safetensors', 'npy', 'torch'] as const)('sigma analyze, 20,000 rows at most: %s', { timeout: 120_000 }, async (format) => {
    const tensor = tensors[format] === '' ? [] : ['--tensor', tensors[format]];
    const flags = ['--rows', '20000', '--no-normalize', '--backend', 'cpu', '--json'];
    const child = spawn(process.execPath, [
      '--require',
      join(folder, 'peak.cjs'),
      resolve('dist/sigma.js'),
      'analyze',
      at(format),
      ...tensor,
      ...flags,
    ]);
    let [said, status] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      status += text;
    });
    const code = await new Promise((ended) => child.once('close', ended));
    expect([code, status]).toEqual([expect.any(Number), expect.stringContaining('VmHWM')]);
    expect(JSON.parse(said)).toMatchObject({ schema: 'sigma.report/1' });
    const mebibytes = Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) / 1024;
    console.log(`sigma analyze, ${format}: ${mebibytes.toFixed(0)} MiB`);
    expect(mebibytes).toBeLessThan(BUDGET);
  });

  it('the engine, of each the first reports of all rows, then cancelled', { timeout: 180_000 }, async () => {
    const client = new EngineClient({ script: resolve('dist/engine.js'), log() {} });
    try {
      for (const format of ['safetensors', 'npy', 'torch'] as const) {
        expect((await client.inspect(at(format))).tensors.length).toBe(format === 'safetensors' ? 2000 : 1);
        const cancelling = new AbortController();
        let reports = 0;
        const analysis = client.analyze(
          { path: at(format), tensor: tensors[format], options, priority: 'visible' },
          {
            signal: cancelling.signal,
            onUpdate: ({ report }) => {
              if (report !== null && ++reports === 3) cancelling.abort();
            },
          },
        );
        // The tensor of a safetensors file is small: it may be read to its end first.
        if (format === 'safetensors') await analysis.catch(() => {});
        else await expect(analysis).rejects.toMatchObject({ code: ErrorCode.cancelled });
        console.log(`engine, after ${format}: ${peak(client.pid!).toFixed(0)} MiB`);
      }
      expect(peak(client.pid!)).toBeLessThan(BUDGET);
    } finally {
      await client.dispose();
    }
  });
});
