// The engine as it ships, killed in the middle of its work. bench/faults.mjs does the same a thousand times.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EngineClient, type EngineState } from '../../src/engine/client';
import { RESTART_POLICY } from '../../src/engine/crash-history';
import { ErrorCode } from '../../src/engine/protocol';
import { killOften } from './kills';
import { writeNpy } from './npy-file';

const script = resolve('dist/engine.js');
let folder: string;
beforeEach(() => {
  if (!existsSync(script)) throw new Error('dist/engine.js is not built: run `node esbuild.mjs` first.');
  folder = mkdtempSync(join(tmpdir(), 'sigma-kills-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('killed 20 times, it is there again by itself, and nothing is lost, halved or left open', { timeout: 300_000 }, async () => {
  const { wrong, kills, requests, answered, mended } = await killOften(script, folder, 20, 1, () => {});
  expect(wrong).toEqual([]);
  expect(kills).toBe(20);
  expect(requests).toBeGreaterThan(0);
  expect(answered + mended).toBe(requests);
});

it('killed five times in three minutes it is not started again, says so, and starts when a person wants it', {
  timeout: 60_000,
}, async () => {
  const path = join(folder, 'a.npy');
  writeNpy(path, 100, 8);
  const states: EngineState[] = [];
  // As it ships, but without the wait of 21 s between the starts.
  const restartPolicy = { delays: RESTART_POLICY.delays.map(() => 0), window: RESTART_POLICY.window };
  const client = new EngineClient({ script, log() {}, restartPolicy, onStateChange: (state) => states.push(state) });
  try {
    for (let i = 0; i < 5; i++) {
      await client.inspect(path);
      const stopped = new Promise((resolve) => {
        const { pid } = client;
        const look = setInterval(() => {
          if (client.pid === pid) return;
          clearInterval(look);
          resolve(pid);
        }, 5);
      });
      process.kill(client.pid!, 'SIGKILL');
      await stopped;
    }
    expect(client.state).toBe('failing');
    await expect(client.inspect(path)).rejects.toMatchObject({
      code: ErrorCode.stopped,
      message: expect.stringMatching(/keeps stopping \(5 times in a row, last with signal SIGKILL\).* restart it to try again\.$/),
    });
    client.restart();
    await expect(client.inspect(path)).resolves.toMatchObject({ path });
    expect(states.at(-1)).toBe('running');
  } finally {
    await client.dispose();
  }
});
