// One bundle per process; `node esbuild.mjs --watch` rebuilds on change, `--production` minifies.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import * as esbuild from 'esbuild';
import { bundledFolders } from './scripts/licences.mjs';

const production = process.argv.includes('--production');

/** Packages that a reader of some format imports when it is first needed: each is a file of its own, so that no start waits for it. */
const libraries = new Map();
/** @type {esbuild.Plugin} */
const onDemand = {
  name: 'libraries on demand',
  setup(build) {
    // gpu.js is most of what a bundle would have, and only a process with a GPU needs it.
    build.onResolve({ filter: /^\.\/gpu-device$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './gpu-device.js', external: true } : undefined,
    );
    // A module that its package does not export is imported by its path.
    build.onResolve({ filter: /^[^.]|\/node_modules\// }, ({ path, kind }) => {
      if (kind !== 'dynamic-import' || path.startsWith('node:')) return undefined;
      const module = path.replace(/^.*\/node_modules\//, '');
      const name = `library-${module.replaceAll(/\W+/g, '-')}`;
      libraries.set(name, module === path ? path : `./node_modules/${module}`);
      return { path: `./${name}.js`, external: true };
    });
  },
};

/** @type {esbuild.BuildOptions} */
const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // vscode is the host's; gl is gpu.js's optional WebGL back end, which is not used.
  external: ['vscode', 'gl'],
  plugins: [onDemand],
  minify: production,
  sourcemap: production ? false : 'linked',
  logLevel: 'warning',
};

const builds = [
  { ...node, entryPoints: { extension: 'src/extension.ts' } },
  { ...node, entryPoints: { engine: 'src/engine/server.ts', worker: 'src/engine/worker.ts' } },
  {
    ...node,
    entryPoints: {
      'gpu-probe': 'src/compute/gpu-probe.ts',
      'gpu-host': 'src/compute/gpu-host.ts',
      'gpu-device': 'src/compute/gpu-device.ts',
    },
  },
  { ...node, entryPoints: { 'sigma-commands': 'src/cli/commands.ts', 'matrix-worker': 'src/analysis/matrix-worker.ts' } },
  { ...node, entryPoints: { sigma: 'src/cli/main.ts' }, banner: { js: '#!/usr/bin/env node' } },
  {
    entryPoints: {
      panel: 'webview/main.ts',
      'panel-style': 'webview/panel.css',
      'run-panel': 'webview/run/main.ts',
      'run-panel-style': 'webview/run/run.css',
      'compare-panel': 'webview/compare/main.ts',
      'compare-panel-style': 'webview/compare/compare.css',
    },
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: production,
    sourcemap: production ? false : 'linked',
    logLevel: 'warning',
  },
].map((build) => ({ ...build, outdir: 'dist', metafile: true }));

if (production) rmSync('dist', { recursive: true, force: true });
mkdirSync('dist', { recursive: true });
const platform = process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`;
try {
  cpSync(`node_modules/webgpu/dist/${platform}`, 'dist/dawn', { recursive: true });
} catch {
  console.warn(`No WebGPU runtime for ${platform}: the build computes on the CPU only.`);
}

const results = await Promise.all(builds.map((build) => esbuild.build(build)));
// Known once the readers are bundled.
if (libraries.size > 0) {
  results.push(
    await esbuild.build({
      ...node,
      plugins: [],
      entryPoints: Object.fromEntries(libraries),
      logOverride: { 'empty-import-meta': 'silent' },
      outdir: 'dist',
      metafile: true,
    }),
  );
}
writeFileSync('dist/bundled.json', JSON.stringify(bundledFolders(results.map(({ metafile }) => metafile))));
if (process.argv.includes('--watch')) {
  for (const build of builds) await (await esbuild.context(build)).watch();
}
