import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageFor, TARGETS } from '../../scripts/vsix.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'sigma-package-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Names of the entries, from the central directory of a zip without comment. */
function entries(zip: Buffer): string[] {
  const end = zip.length - 22;
  const names: string[] = [];
  for (let at = zip.readUInt32LE(end + 16), left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [name, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field)) as [number, number, number];
    names.push(zip.toString('utf8', at + 46, at + 46 + name));
    at += 46 + name + extra + comment;
  }
  return names;
}

async function built(target: string): Promise<Buffer> {
  const file = path.join(folder, `${target}.vsix`);
  await packageFor(target, file);
  return readFileSync(file);
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('the VSIX', () => {
  it('has the same bytes after a second build, in another time zone and under another umask', async () => {
    const first = hash(await built('universal'));
    execFileSync(process.execPath, ['esbuild.mjs', '--production'], { env: { ...process.env, TZ: 'Pacific/Auckland' } });
    const { TZ } = process.env;
    const umask = process.umask(0o077);
    process.env.TZ = 'Pacific/Auckland';
    try {
      expect(hash(await built('universal'))).toBe(first);
    } finally {
      process.umask(umask);
      if (TZ === undefined) delete process.env.TZ;
      else process.env.TZ = TZ;
    }
  });

  const windows = ['d3dcompiler_47.dll', 'dawn.node', 'dxcompiler-LICENSE.TXT', 'dxcompiler-ThirdPartyNotices.txt', 'dxcompiler.dll'];
  it.each(Object.keys(TARGETS))('of %s has its own native files only, the notices and the bill of materials', async (target) => {
    const names = entries(await built(target));
    const expected = target === 'universal' ? [] : target.startsWith('win32') ? windows : ['dawn.node'];
    const native = names.filter((name) => /\.(?:node|dll|so|dylib|exe)$/.test(name) || name.includes('/dawn/'));
    expect(native).toEqual(expected.map((name) => `extension/dist/dawn/${name}`));
    expect(names).toContain('extension/THIRD-PARTY-NOTICES.txt');
    expect(names).toContain('extension/sbom.cdx.json');
    expect(names).not.toContain('extension/dist/bundled.json');
    expect(names.filter((name) => name.includes('node_modules') || name.endsWith('.ts') || name.endsWith('.map'))).toEqual([]);
  });
});
