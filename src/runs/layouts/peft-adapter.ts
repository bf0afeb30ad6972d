import type { Layout } from '../checkpoint';
import { listDirectory } from '../directory';
import { trainerFolders, trainerRun } from '../trainer-run';
import { adapterIn } from '../weights';

const ADAPTER = /^adapter_(?:config\.json|model\.(?:safetensors|bin))$/;

/** `checkpoint-<step>/adapter_model.safetensors` and `adapter_config.json`: LoRA and its like, trained by a Hugging Face Trainer. */
export const peftAdapter: Layout = {
  id: 'peft-adapter',
  label: 'PEFT adapters',
  async recognise(directory, list = listDirectory) {
    const entries = (await list(directory)) ?? [];
    const folders = await trainerFolders(entries, list);
    if (!folders.some((folder) => folder.entries.some(({ name }) => ADAPTER.test(name)))) return null;
    return trainerRun(this, entries, folders, adapterIn);
  },
};
