import type { Layout } from '../checkpoint';
import { type Entry, filesOf, listDirectory } from '../directory';
import { trainerFolders, trainerRun } from '../trainer-run';
import { isShard, modelIn, type Weights, wholeFiles } from '../weights';

const OWN = /^trainer_state\.json$|^pytorch_model.*\.bin|\.safetensors(?:\.index\.json)?$/;

/** `checkpoint-<step>/` with `model.safetensors`, its shards and index, or `pytorch_model.bin`; `trainer_state.json` last. */
export const huggingFaceTrainer: Layout = {
  id: 'huggingface-trainer',
  label: 'Hugging Face Trainer',
  async recognise(directory, list = listDirectory) {
    const entries = (await list(directory)) ?? [];
    const folders = await trainerFolders(entries, list);
    if (!folders.some((folder) => folder.entries.some(({ name }) => OWN.test(name)))) return null;
    return trainerRun(this, entries, folders, weightsIn);
  },
};

/** The model; where none has the usual name, any safetensors files (`pytorch_lora_weights.safetensors` of Diffusers). */
async function weightsIn(entries: readonly Entry[]): Promise<Weights | null> {
  const model = await modelIn(entries);
  if (model !== null) return model;
  const others = filesOf(entries).filter(({ name }) => name.endsWith('.safetensors') && !isShard(name));
  return others.length === 0 ? null : wholeFiles(others);
}
