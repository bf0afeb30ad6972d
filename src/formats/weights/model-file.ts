import type { OpenBytes } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { TensorFile } from '../matrix-source';
import { withProducts } from '../safetensors/adapters';
import { openSafetensorsFolder } from '../safetensors/safetensors-model';
import { splitWeights } from './split-weights';
import { type StoredModel, storedTensorFile } from './stored-tensors';

/**
 * A model as the matrices that it computes with: fused and stacked weights split, adapters as their products. Closes the model where
 * that fails.
 * @param format id in the registry
 * @throws FormatError when it holds no tensors
 */
export async function modelFile(path: string, format: string, model: StoredModel, openBytes: OpenBytes): Promise<TensorFile> {
  const closing = [model.close];
  const close = async (): Promise<void> => {
    for (const each of closing) await each();
  };
  try {
    if (model.tensors.length === 0) throw new FormatError(path, null, ['the file holds no tensors.', ...model.warnings].join(' '));
    const adapted = await withProducts(model.tensors, path, openBytes, (folder) => openSafetensorsFolder(folder, openBytes));
    closing.push(adapted.close);
    const split = await splitWeights(adapted.tensors, path, openBytes);
    return storedTensorFile({
      path,
      format,
      bytes: model.bytes,
      tensors: split.tensors,
      warnings: [...model.warnings, ...adapted.warnings],
      fingerprint: [...new Set([...model.fingerprint, ...adapted.fingerprint, ...split.fingerprint])].join('\n'),
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}
