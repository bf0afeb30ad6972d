/** The module that h5wasm is built on: a fresh instance of the HDF5 library for each call, which the package's own entry point cannot give. */
declare module '*/h5wasm/dist/esm/hdf5_util.js' {
  type Load = (options: { noInitialRun: boolean; print: (line: string) => void; printErr: (line: string) => void }) => Promise<unknown>;
  const load: Load | { readonly default: Load };
  export default load;
}
