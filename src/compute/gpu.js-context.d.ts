declare module 'gpu.js/src/backend/web-gpu/context.js' {
  /** The one device that all GPU objects of a process share, with the limits of its adapter for buffers. */
  export const WebGPUContext: {
    acquire(): Promise<{ readonly device: GPUDevice }>;
    destroy(): Promise<void>;
  };
}
