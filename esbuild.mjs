// One bundle per process; `node esbuild.mjs --watch` rebuilds on change, `--production` minifies.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import * as esbuild from 'esbuild';

const production = process.argv.includes('--production');

/** @type {esbuild.BuildOptions} */
const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // vscode is the host's; gl is gpu.js's optional WebGL back end, which is not used.
  external: ['vscode', 'gl'],
  minify: production,
  sourcemap: production ? false : 'linked',
  logLevel: 'warning',
};

const builds = [
  { ...node, entryPoints: { extension: 'src/extension.ts' } },
  { ...node, entryPoints: { engine: 'src/engine/server.ts', worker: 'src/engine/worker.ts' } },
  { ...node, entryPoints: { 'gpu-probe': 'src/compute/gpu-probe.ts' } },
  { ...node, entryPoints: { sigma: 'src/cli/main.ts' }, banner: { js: '#!/usr/bin/env node' } },
  {
    entryPoints: {
      panel: 'webview/main.ts',
      'panel-style': 'webview/panel.css',
      'run-panel': 'webview/run/main.ts',
      'run-panel-style': 'webview/run/run.css',
    },
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: production,
    sourcemap: production ? false : 'linked',
    logLevel: 'warning',
  },
].map((build) => ({ ...build, outdir: 'dist' }));

if (production) rmSync('dist', { recursive: true, force: true });
mkdirSync('dist', { recursive: true });
const platform = process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`;
try {
  cpSync(`node_modules/webgpu/dist/${platform}`, 'dist/dawn', { recursive: true });
} catch {
  console.warn(`No WebGPU runtime for ${platform}: the build computes on the CPU only.`);
}

if (process.argv.includes('--watch')) {
  for (const build of builds) await (await esbuild.context(build)).watch();
} else {
  await Promise.all(builds.map((build) => esbuild.build(build)));
}
