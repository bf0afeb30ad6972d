import { expect, test } from 'vitest';
import { isShard, isTensorFile } from '../../src/runs/weights';

test.each([
  'embeddings.npy',
  'params.npz',
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'epoch=1.ckpt',
  'weights.PTH',
  'vectors.csv',
  'optimal.npy',
  'log_probs.npy',
  'mp_rank_00_model_states.pt',
])('%s may hold matrices of the model', (name) => {
  expect(isTensorFile(name)).toBe(true);
});

test.each([
  'optimizer.pt',
  'optimizer_0.bin',
  'optim-100.pt',
  'scheduler.pt',
  'scaler.pt',
  'rng_state.pth',
  'rng_state_3.pth',
  'random_states_0.bin',
  'training_args.bin',
  'zero_pp_rank_0_mp_rank_00_optim_states.pt',
  'bf16_zero_pp_rank_12_mp_rank_00_optim_states.pt',
  'metrics.csv',
  'samples.jsonl',
  'log.csv',
  '.hidden.npy',
  'trainer_state.json',
  'config.json',
  'tokenizer.model',
])('%s does not', (name) => {
  expect(isTensorFile(name)).toBe(false);
});

test('parts of a model', () => {
  const parts = [
    'model-00001-of-00030.safetensors',
    'pytorch_model-00002-of-00002.bin',
    'm-00001-of-00003.gguf',
    'mp_rank_00_model_states.pt',
  ];
  expect(parts.filter(isShard)).toEqual(parts);
  expect(['model-1.safetensors', 'model.safetensors', 'one-of-two.bin', 'embeddings-3.npy'].filter(isShard)).toEqual([]);
});
