import { type AdapterSearch, adapterSearch } from './adapter-search';
import type { Gpu } from './gpu';
import { gramOpener } from './gpu-gram';
import { guarded } from './gpu-guard';

/** Bytes of a band, which travels as one message. */
const MOST_BYTES = 2 ** 24;

/** The GPU of a page. gpu.js, which makes code of strings, is not used: the policy of a page forbids that. */
export async function openBrowserGpu(): Promise<{ readonly search: AdapterSearch; readonly gpu: Pick<Gpu, 'openGram'> | null }> {
  const adapter = (await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
  const search = adapterSearch(adapter?.info ?? null);
  if (adapter === null) return { search, gpu: null };
  const { maxComputeWorkgroupStorageSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredLimits: { maxComputeWorkgroupStorageSize } });
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const limits = {
    maxComputeWorkgroupStorageSize,
    maxStorageBufferBindingSize,
    maxBufferSize: Math.min(maxBufferSize, MOST_BYTES),
  };
  return { search, gpu: { openGram: gramOpener(device, guarded(device), limits) } };
}
