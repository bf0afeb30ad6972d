import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type AdapterInfo, type AdapterSearch, adapterSearch } from './adapter-search';

/** The part of WebGPU that is used here; the kernels themselves go through gpu.js. */
interface Gpu {
  requestAdapter(): Promise<{ readonly info: AdapterInfo } | null>;
}

/**
 * Dawn, the WebGPU implementation of Chromium, as a Node-API addon: beside the bundle when packaged, else from its npm package.
 * @returns null when this build has none for the platform
 */
function dawnPath(): string | null {
  const platform = process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`;
  const places = [
    join(__dirname, 'dawn', 'dawn.node'),
    join(__dirname, '..', '..', 'node_modules', 'webgpu', 'dist', platform, 'dawn.node'),
  ];
  return places.find((place) => existsSync(place)) ?? null;
}

/**
 * Makes `navigator.gpu` available in this process, as gpu.js expects it, and says what adapter it leads to.
 * A broken driver can end the process here: call it in one that may die.
 */
export async function openWebGpu(): Promise<AdapterSearch> {
  // Dawn hands out mapped driver memory, which Electron's V8 refuses by aborting the process (node-webgpu issue 5).
  if (process.versions.electron) return { found: false, reason: "VS Code's desktop runtime cannot map GPU memory." };
  const path = dawnPath();
  if (path === null) return { found: false, reason: `This build has no WebGPU runtime for ${process.platform}-${process.arch}.` };
  let gpu: Gpu;
  try {
    const dawn = createRequire(__filename)(path) as { create(options: string[]): Gpu; globals: object };
    Object.assign(globalThis, dawn.globals);
    gpu = dawn.create([]);
  } catch (error) {
    return { found: false, reason: `The WebGPU runtime does not load here: ${firstLine(error)}` };
  }
  // The object must stay referenced for as long as the process uses it.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true });
  const adapter = await gpu.requestAdapter();
  return adapterSearch(adapter?.info ?? null);
}

/** Lets go of the GPU, so that the process can end. */
export function closeWebGpu(): void {
  Reflect.deleteProperty(globalThis, 'navigator');
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];
}
