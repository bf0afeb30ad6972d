import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AdapterSearch } from './adapter-search';
import { closeWebGpu, openWebGpu } from './dawn';
import { findNode } from './find-node';
import { FOREIGN_FOLDERS } from './foreign-folders';
import type { Gpu } from './gpu';
import { type CallGpu, calledGpu } from './gpu-calls';

/** A GPU, and where it is. */
export interface OpenedGpu {
  readonly gpu: Gpu;
  /** The adapter's name. */
  readonly device: string;
  /** Which process has it, and why that one; a sentence. */
  readonly host: string;
}

/** Set by tests, which have no GPU: lets a software adapter pass as one. */
const ALLOW_SOFTWARE = 'SIGMA_ALLOW_SOFTWARE_GPU';

/** What decides where the GPU is. */
export interface Surroundings {
  /** VS Code's desktop runtime; it cannot map the memory of a GPU. */
  readonly electron: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Where the bundles lie. */
  readonly bundles: string;
  /** Asks the editor, whose panels may have one; null where there is no editor. */
  readonly panel: CallGpu | null;
}

let panel: CallGpu | null = null;

/** From now on this thread may ask a panel for its GPU. */
export function offerPanelGpu(call: CallGpu): void {
  panel = call;
}

function here(): Surroundings {
  return { electron: process.versions.electron !== undefined, env: process.env, bundles: __dirname, panel };
}

/**
 * The best GPU that there is, or a sentence that says why there is none: in this process; where this one cannot, with a Node.js of the
 * system; and where there is none, in a panel that is open.
 */
export async function openGpu(surroundings: Surroundings = here()): Promise<OpenedGpu | { readonly reason: string }> {
  if (!surroundings.electron) return openHere(surroundings);
  const elsewhere = await openElsewhere(surroundings);
  if (!('reason' in elsewhere) || surroundings.panel === null) return elsewhere;
  const inPanel = await openInPanel(surroundings.panel, surroundings.env);
  if ('reason' in inPanel) return { reason: `${elsewhere.reason} ${inPanel.reason}` };
  return { ...inPanel, host: `In the panel of a file. ${elsewhere.reason}` };
}

async function openInPanel(call: CallGpu, env: NodeJS.ProcessEnv): Promise<Omit<OpenedGpu, 'host'> | { readonly reason: string }> {
  try {
    const search = await call({ method: 'open' });
    const refusal = refused(search, env);
    if (refusal !== null) return { reason: `In a panel: ${refusal}` };
    return { gpu: calledGpu(call), device: (search as AdapterSearch & { found: true }).device };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

async function openHere({ env, bundles }: Surroundings): Promise<OpenedGpu | { readonly reason: string }> {
  const search = await probe(join(bundles, 'gpu-probe.js'));
  const refusal = refused(search, env);
  if (refusal !== null) return { reason: refusal };
  const opened = await openWebGpu();
  if (!opened.found) return { reason: opened.reason };
  // Only here: gpu.js is most of the program, and takes as long to load as all the rest.
  const { localGpu } = await import('./gpu-device');
  const local = await localGpu();
  const gpu: Gpu = {
    ...local,
    async close() {
      await local.close();
      closeWebGpu();
    },
  };
  return { gpu, device: opened.device, host: `In this process, as it is plain Node.js ${process.versions.node}.` };
}

async function openElsewhere({ env, bundles }: Surroundings): Promise<OpenedGpu | { readonly reason: string }> {
  const because = "VS Code's desktop runtime cannot map GPU memory";
  const foreign = env[FOREIGN_FOLDERS];
  if (foreign === undefined) return { reason: `${because}, and in Restricted Mode no other program is started.` };
  const { ELECTRON_RUN_AS_NODE: _, NODE_OPTIONS: __, [FOREIGN_FOLDERS]: ___, ...own } = env;
  const node = await findNode(own.PATH ?? own.Path ?? '', JSON.parse(foreign) as string[], own);
  if ('reason' in node) return { reason: `${because}, and ${node.reason}.` };
  const { hostedGpu } = await import('./gpu-host-client');
  const hosted = await hostedGpu(node.path, join(bundles, 'gpu-host.js'), own);
  if ('reason' in hosted) return { reason: `${because}. With Node.js ${node.version} (${node.path}): ${hosted.reason}` };
  const refusal = refused(hosted.search, env);
  if (refusal !== null) {
    await hosted.gpu.close();
    return { reason: refusal };
  }
  const host = `In a process of Node.js ${node.version} (${node.path}), as ${because}.`;
  return { gpu: hosted.gpu, device: hosted.search.device, host };
}

/** Why what was found is not to be used. */
function refused(search: AdapterSearch, env: NodeJS.ProcessEnv): string | null {
  if (!search.found) return search.reason;
  if (!search.software || env[ALLOW_SOFTWARE]) return null;
  return `The only adapter, ${search.device}, is a software one and slower than the processor itself.`;
}

/** Asks a process of its own what GPU there is: a broken driver ends that one. Outside a bundle (tests) there is none, and this one is asked. */
async function probe(script: string): Promise<AdapterSearch> {
  if (!existsSync(script)) return openWebGpu();
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { timeout: 10_000 }, (error, stdout) => {
      if (error === null) {
        try {
          resolve(JSON.parse(stdout) as AdapterSearch);
          return;
        } catch {}
      }
      const how = error?.killed ? 'did not answer in 10 seconds' : `ended ${error?.signal ? `by ${error.signal}` : 'with an error'}`;
      resolve({ found: false, reason: `The GPU driver ${how} when it was tried.` });
    });
  });
}
