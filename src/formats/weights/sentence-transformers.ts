import { join } from 'node:path';
import type { ListFolder, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { parseBoundedJson } from '../json/bounded-json';
import type { TensorFile } from '../matrix-source';
import { safetensors } from '../safetensors/safetensors';
import { isRecord } from '../safetensors/safetensors-header';
import { torch } from '../torch/torch';
import { closeAll, type JoinedPart, joinedFile } from './joined-file';
import { MODEL_FILES } from './model-folder';
import { isFileName } from './shard-index';

const LIST = 'modules.json';
const MAX_LIST_BYTES = 2 ** 20;
const MAX_MODULES = 1000;
/** Modules that have nothing to learn, or no folder of their own. */
const WITHOUT_WEIGHTS = /\.(?:Pooling|Normalize|Dropout|BoW|WordWeights)$/;

/**
 * A folder of sentence-transformers: `modules.json` lists the modules and their folders, each with a model file of its own, if any; the
 * tensors of all are named after those folders, `2_Dense/linear.weight`. The module at the root has an empty path, and no prefix.
 *
 * https://sbert.net, `SentenceTransformer.save`.
 */
export const sentenceTransformers: Reader = {
  async open(path, openBytes, listFolder) {
    if (listFolder === undefined) throw new FormatError(path, null, 'its folder cannot be listed.');
    const { modules, bytes, fingerprint } = await readModules(join(path, LIST), openBytes);
    const parts: JoinedPart[] = [];
    const warnings: string[] = [];
    try {
      for (const module of modules) {
        const file = await openModule(join(path, module.path), openBytes, listFolder);
        if (file !== null) parts.push({ file, nameOf: (name) => (module.path === '' ? name : `${module.path}/${name}`) });
        else if (!WITHOUT_WEIGHTS.test(module.type))
          warnings.push(`Module ${JSON.stringify(module.path)} has no weights that can be read.`);
      }
      if (parts.length === 0)
        throw new FormatError(path, null, `none of the modules that ${LIST} lists has one of ${MODEL_FILES.join(', ')}.`);
      return joinedFile({ path, format: 'sentence-transformers', bytes, warnings, fingerprint }, parts);
    } catch (error) {
      await closeAll(parts.map(({ file }) => file));
      throw error;
    }
  },
};

interface Module {
  /** From the folder of the model; empty for that folder itself. */
  readonly path: string;
  /** Python's name of the class. */
  readonly type: string;
}

async function readModules(
  path: string,
  openBytes: OpenBytes,
): Promise<{ readonly modules: readonly Module[]; readonly bytes: number; readonly fingerprint: string }> {
  const source = await openBytes(path);
  try {
    const { size, fingerprint } = source;
    if (size > MAX_LIST_BYTES) throw new FormatError(path, null, `a list of modules of ${size} bytes is longer than any model needs.`);
    const text = new Uint8Array(size);
    await source.read(0, text);
    const list = parseBoundedJson(text, path, 'the list of modules', 0);
    if (!Array.isArray(list) || list.length > MAX_MODULES) throw new FormatError(path, null, 'a list of modules was expected.');
    return { modules: list.map((entry) => moduleOf(entry, path)), bytes: size, fingerprint: `${path} ${fingerprint}` };
  } finally {
    await source.close();
  }
}

function moduleOf(entry: unknown, list: string): Module {
  const { path, type } = isRecord(entry) ? entry : {};
  if (typeof path !== 'string' || typeof type !== 'string') {
    throw new FormatError(list, null, 'each module should have a path and a type.');
  }
  if (path !== '' && !path.split('/').every(isFileName)) {
    throw new FormatError(list, null, `a module should lie in a folder beside the list, not in ${JSON.stringify(path.slice(0, 200))}.`);
  }
  return { path, type };
}

async function openModule(folder: string, openBytes: OpenBytes, listFolder: ListFolder): Promise<TensorFile | null> {
  const names = (await listFolder(folder)) ?? [];
  const file = MODEL_FILES.find((name) => names.includes(name));
  if (file === undefined) return null;
  return (file.startsWith('model.safetensors') ? safetensors : torch).open(join(folder, file), openBytes);
}
