import { spawn, spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { BUNDLE, EMBEDDINGS } from './sigma';

/** A process, with all that it starts, in a network of its own that has no interface that is up (Linux). */
const NO_NETWORK = ['--map-root-user', '--net', process.execPath];
const inNoNetwork = (args: readonly string[]) => spawnSync('unshare', [...NO_NETWORK, ...args], { encoding: 'utf8', timeout: 50_000 });

const interfaces = inNoNetwork(['-p', 'Object.keys(require("node:os").networkInterfaces()).length']);
const RUN = dirname(dirname(EMBEDDINGS));

describe.skipIf(interfaces.status !== 0)('without a network', () => {
  it('there is none', () => expect(interfaces.stdout.trim()).toBe('0'));

  it.each([
    ['analyze', ['analyze', '--backend', 'cpu', '--json', EMBEDDINGS]],
    ['run', ['run', '--json', RUN]],
    ['doctor', ['doctor']],
  ])('sigma %s says what it says with one', (_, args) => {
    const { status, stdout, stderr } = inNoNetwork([BUNDLE, ...args]);
    const online = spawnSync(process.execPath, [BUNDLE, ...args], { encoding: 'utf8' });
    expect(stderr).not.toMatch(/ENETUNREACH|EAI_AGAIN|ENOTFOUND|ECONNREFUSED/);
    expect(stdout.length).toBeGreaterThan(100);
    expect({ status, length: withoutTimes(stdout).length }).toEqual({ status: online.status, length: withoutTimes(online.stdout).length });
  });

  it('the engine, which sigma mcp starts, analyses', async () => {
    const server = spawn('unshare', [...NO_NETWORK, BUNDLE, 'mcp', '--root', RUN], { stdio: ['pipe', 'pipe', 'inherit'] });
    const send = (message: object) => server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    try {
      const clientInfo = { name: 'test', version: '1' };
      send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } });
      for await (const line of createInterface({ input: server.stdout })) {
        const { id, result } = JSON.parse(line);
        if (id === 1) {
          send({ method: 'notifications/initialized' });
          send({ id: 2, method: 'tools/call', params: { name: 'get_model_health', arguments: { path: EMBEDDINGS } } });
        } else if (id === 2) {
          expect(result.isError).not.toBe(true);
          expect(result.content[0].text).toContain('effective');
          return;
        }
      }
      expect.unreachable('The server ended before it answered.');
    } finally {
      server.kill();
    }
  });
});

/** Durations differ from one run to the next. */
function withoutTimes(text: string): string {
  return text.replace(/\d+(?:\.\d+)?(?:e-?\d+)?/g, '');
}
