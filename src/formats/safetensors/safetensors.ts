import type { Reader } from '../format';
import { modelFile } from '../weights/model-file';
import { modelPathOf } from '../weights/model-folder';
import { openSafetensors } from './safetensors-model';

/** safetensors: one file, a model in several with an index, or the folder of a model. */
export const safetensors: Reader = {
  async open(path, openBytes, listFolder) {
    const file = await modelPathOf(path, listFolder);
    return modelFile(file, 'safetensors', await openSafetensors(file, openBytes), openBytes);
  },
};
