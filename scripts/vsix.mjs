// Packages what `npm run build` wrote: for this machine, or with --all for every platform and without native code. The same sources give the same bytes.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVSIX, listFiles, PackageManager } from '@vscode/vsce';
import { billOfMaterials, describePackage, noticesOf } from './licences.mjs';
import { root } from './process.mjs';

/** The folder of Dawn's addon in the package webgpu, and how large the VSIX may be, in bytes: 10 % more than measured. */
export const TARGETS = {
  'linux-x64': { native: 'linux-x64', budget: 11_280_000 },
  'linux-arm64': { native: 'linux-arm64', budget: 11_240_000 },
  'darwin-x64': { native: 'darwin-universal', budget: 9_890_000 },
  'darwin-arm64': { native: 'darwin-universal', budget: 9_890_000 },
  'win32-x64': { native: 'win32-x64', budget: 19_310_000 },
  'win32-arm64': { native: 'win32-arm64', budget: 20_800_000 },
  universal: { native: null, budget: 3_200_000 },
};

/** What this machine runs: without native code where there is none for it. */
export const here = `${process.platform}-${process.arch}` in TARGETS ? `${process.platform}-${process.arch}` : 'universal';

/** The standard library of AssemblyScript is compiled into the WebAssembly of src/compute/wasm-code.ts. */
const COMPILED_IN = ['node_modules/assemblyscript'];

/**
 * @param {keyof typeof TARGETS} target
 * @param {string} file where the VSIX is written
 * @returns {Promise<number>} its size in bytes
 * @throws where a licence is not allowed or the VSIX is larger than its budget
 */
export async function packageFor(target, file) {
  const { native, budget } = TARGETS[target];
  const stage = mkdtempSync(path.join(tmpdir(), 'sigma-vsix-'));
  const write = (name, bytes) => {
    const place = path.join(stage, name);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, bytes);
    // The mode is in the zip; that of a checkout depends on the machine.
    chmodSync(place, 0o644);
  };
  const copy = (from, to) => write(to, readFileSync(path.join(root, from)));
  try {
    const files = await listFiles({ cwd: root, packageManager: PackageManager.None });
    for (const name of ['.vscodeignore', ...files]) if (!name.startsWith('dist/dawn/')) copy(name, name);
    const dawn = native === null ? null : `node_modules/webgpu/dist/${native}`;
    if (dawn !== null && existsSync(path.join(root, dawn))) {
      cpSync(path.join(root, dawn), path.join(stage, 'dist/dawn'), { recursive: true });
      for (const name of readdirSync(path.join(stage, 'dist/dawn'))) chmodSync(path.join(stage, 'dist/dawn', name), 0o644);
    }
    const bundled = JSON.parse(readFileSync(path.join(root, 'dist/bundled.json'), 'utf8'));
    const folders = new Set([...bundled, ...COMPILED_IN, ...(dawn === null ? [] : ['node_modules/webgpu'])]);
    const packages = [...folders].sort().map(describePackage);
    write('THIRD-PARTY-NOTICES.txt', noticesOf(packages));
    const json = (name) => JSON.parse(readFileSync(path.join(root, name), 'utf8'));
    write('sbom.cdx.json', billOfMaterials(packages, json('package.json'), json('package-lock.json').packages));
    await reproducibly(() =>
      createVSIX({
        cwd: stage,
        packagePath: file,
        dependencies: false,
        allowMissingRepository: true,
        rewriteRelativeLinks: false,
        ...(target !== 'universal' && { target }),
      }),
    );
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  const { size } = statSync(file);
  if (size > budget) throw new Error(`${path.basename(file)} has ${size} bytes; its budget in scripts/vsix.mjs is ${budget}.`);
  return size;
}

/** vsce orders the entries and gives all of them one time if SOURCE_DATE_EPOCH is set; a zip holds local time. */
async function reproducibly(build) {
  const { SOURCE_DATE_EPOCH, TZ } = process.env;
  // The first moment that a zip can hold.
  process.env.SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH ?? String(Date.UTC(1980, 0, 1) / 1000);
  process.env.TZ = 'UTC';
  try {
    await build();
  } finally {
    restore('SOURCE_DATE_EPOCH', SOURCE_DATE_EPOCH);
    restore('TZ', TZ);
  }
}

function restore(name, value) {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const wanted = process.argv.includes('--all')
    ? Object.keys(TARGETS).map((target) => [target, `${name}-${target}-${version}.vsix`])
    : [[here, `${name}-${version}.vsix`]];
  for (const [target, file] of wanted) console.log(`${file}: ${((await packageFor(target, path.join(root, file))) / 1e6).toFixed(1)} MB`);
}
