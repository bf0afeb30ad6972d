import type { OpenBytes } from './byte-source';
import type { TensorFile } from './matrix-source';

/** A kind of file that can be read. */
export interface Format {
  /** As in reports: `npy`, `npz`, `safetensors`, `torch`, `csv`. */
  readonly id: string;
  readonly label: string;
  /** Lower case, with the dot, e.g. `.npy`; whole endings such as `.safetensors.index.json` are allowed. */
  readonly extensions: readonly string[];
  readonly access: 'random' | 'sequential' | 'both';
  /** @throws FormatError when the file is not a sound one of this format */
  open(path: string, openBytes: OpenBytes): Promise<TensorFile>;
}
