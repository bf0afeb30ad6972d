declare module 'gpu.js/src/backend/web-gpu/context.js' {
  export const WebGPUContext: {
    /** Destroys the one device that all GPU objects of a process share. */
    destroy(): Promise<void>;
  };
}
