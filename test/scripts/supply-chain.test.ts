import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALLOWED, billOfMaterials, bundledFolders, describePackage, noticesOf } from '../../scripts/licences.mjs';

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
}
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const manifest = json('package.json');
const lock: { readonly packages: Readonly<Record<string, Locked>> } = json('package-lock.json');

describe('the lockfile', () => {
  it('holds what package.json names, in exact versions', () => {
    const { devDependencies } = manifest;
    expect(lock.packages['']).toMatchObject({ devDependencies });
    for (const [name, version] of Object.entries(devDependencies)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(lock.packages[`node_modules/${name}`], name).toMatchObject({ version });
    }
  });

  it('takes packages from the registry only, each in one version and with the hash of its bytes', () => {
    for (const [place, { version, resolved, integrity }] of Object.entries(lock.packages)) {
      expect(version, place).toMatch(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/);
      if (resolved !== undefined) expect(resolved, place).toMatch(/^https:\/\/registry\.npmjs\.org\//);
      if (place !== '') expect(integrity, place).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    }
  });

  it('is used without scripts at install, of which we have none either', () => {
    expect(readFileSync('.npmrc', 'utf8').split('\n')).toEqual(expect.arrayContaining(['ignore-scripts=true', 'save-exact=true']));
    expect(Object.keys(manifest.scripts).filter((name) => /install|prepare|publish|^(?:pre|post)|^dependencies$/.test(name))).toEqual([]);
    expect(manifest).not.toHaveProperty('dependencies');
  });
});

describe('packages inside the extension', () => {
  it('are those of which a byte was written, by the innermost folder', () => {
    const inputs = {
      'src/a.ts': { bytesInOutput: 9 },
      'node_modules/@a/b/index.js': { bytesInOutput: 1 },
      'node_modules/@a/b/node_modules/c/lib/x.js': { bytesInOutput: 1 },
      'node_modules/d/index.js': { bytesInOutput: 0 },
    };
    expect(bundledFolders([{ outputs: { 'dist/x.js': { inputs } as never } }])).toEqual([
      'node_modules/@a/b',
      'node_modules/@a/b/node_modules/c',
    ]);
  });

  it('are refused under a licence that is not on the list, as the tools that are not shipped would be', () => {
    expect(() => describePackage('node_modules/axe-core')).toThrow('is under "MPL-2.0"');
    expect([...ALLOWED].filter((licence) => /GPL|MPL|SSPL|BUSL/.test(licence))).toEqual([]);
  });

  it('are named with their licence and its text', () => {
    const packages = ['node_modules/webgpu', 'node_modules/@microsoft/fast-element'].map(describePackage);
    const notices = noticesOf(packages);
    expect(notices).toContain('(BSD-3-Clause)');
    expect(notices).toContain('The Dawn & Tint Authors');
    expect(notices).toMatch(/@microsoft\/fast-element [\d.]+ \(MIT\)\n[\s\S]*Copyright \(c\) Microsoft\n\nPermission is hereby granted/);
  });

  it('are listed in a bill of materials, the same each time', () => {
    const packages = ['node_modules/valibot', 'node_modules/@kurkle/color'].map(describePackage);
    const product = { name: 'x', version: '1.0.0', license: 'MIT' };
    const locked = { 'node_modules/@kurkle/color': { integrity: `sha512-${Buffer.alloc(64, 0xab).toString('base64')}` } };
    const bill = billOfMaterials(packages, product, locked);
    expect(billOfMaterials(packages, product, locked)).toBe(bill);
    const { components, dependencies, ...rest } = JSON.parse(bill);
    expect(rest).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect(bill).not.toMatch(/timestamp|serialNumber/);
    expect(dependencies).toEqual([{ ref: 'pkg:npm/x@1.0.0', dependsOn: components.map((each: { purl: string }) => each.purl) }]);
    expect(components[0]).not.toHaveProperty('externalReferences');
    expect(components[1]).toMatchObject({
      purl: expect.stringMatching(/^pkg:npm\/%40kurkle\/color@/),
      licenses: [{ license: { id: 'MIT' } }],
      externalReferences: [{ type: 'distribution', hashes: [{ alg: 'SHA-512', content: 'ab'.repeat(64) }] }],
    });
  });
});
