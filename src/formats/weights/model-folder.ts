import { join } from 'node:path';
import type { ListFolder } from '../bytes/byte-source';
import { FormatError } from '../format-error';

const SAFETENSORS = ['model.safetensors', 'model.safetensors.index.json'];
const TORCH = ['pytorch_model.bin', 'pytorch_model.bin.index.json'];

/** Files of a model in a folder, in the order in which Hugging Face libraries look for them. */
export const MODEL_FILES: readonly string[] = [...SAFETENSORS, ...TORCH];

/** Whether a folder is a model as Hugging Face libraries write it, and not a run that has its checkpoints beside the last model. */
function isModel(names: ReadonlySet<string>): boolean {
  return names.has('config.json') && ![...names].some((name) => /^checkpoint-\d+$/.test(name));
}

export function isSafetensorsFolder(names: ReadonlySet<string>): boolean {
  return isModel(names) && SAFETENSORS.some((name) => names.has(name));
}

export function isTorchFolder(names: ReadonlySet<string>): boolean {
  return isModel(names) && TORCH.some((name) => names.has(name));
}

/**
 * The model's file in a folder, or `path` where that is no folder.
 * @throws FormatError when the folder holds none
 */
export async function modelPathOf(path: string, listFolder?: ListFolder): Promise<string> {
  const names = (await listFolder?.(path)) ?? null;
  if (names === null) return path;
  const file = MODEL_FILES.find((name) => names.includes(name));
  if (file === undefined) throw new FormatError(path, null, `one of ${MODEL_FILES.join(', ')} was expected in this folder.`);
  return join(path, file);
}
