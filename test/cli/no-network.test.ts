import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUNDLE, EMBEDDINGS } from './sigma';

/** A process, with all that it starts, in a network of its own that has no interface that is up (Linux). */
const inNoNetwork = (args: readonly string[]) =>
  spawnSync('unshare', ['--map-root-user', '--net', process.execPath, ...args], { encoding: 'utf8', timeout: 50_000 });

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
});

/** Durations differ from one run to the next. */
function withoutTimes(text: string): string {
  return text.replace(/\d+(?:\.\d+)?(?:e-?\d+)?/g, '');
}
