/** What is there to compute on, or the sentence that says why not. */
export type AdapterSearch =
  | { readonly found: true; readonly device: string; readonly software: boolean }
  | { readonly found: false; readonly reason: string };

/** A part of GPUAdapterInfo. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

/** @param info of the adapter, null where there is none */
export function adapterSearch(info: AdapterInfo | null): AdapterSearch {
  if (info === null) return { found: false, reason: 'No GPU that WebGPU can use was found.' };
  const { vendor, architecture, description, isFallbackAdapter } = info;
  const software =
    isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(`${architecture} ${description}`);
  return { found: true, device: description || `${vendor} ${architecture}`.trim() || 'unnamed GPU', software };
}
