import type { Reader } from '../format';
import { modelFile } from '../weights/model-file';
import { openSafetensors } from './safetensors-model';

/** safetensors: one file, or a model in several with an index. */
export const safetensors: Reader = {
  open: async (path, openBytes) => modelFile(path, 'safetensors', await openSafetensors(path, openBytes), openBytes),
};
