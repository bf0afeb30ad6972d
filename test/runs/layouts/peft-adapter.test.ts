import { join } from 'node:path';
import { expect, test } from 'vitest';
import { peftAdapter } from '../../../src/runs/layouts/peft-adapter';
import { directoryTree, lines, numbersIn, recognised, safetensorsBytes, torchBytes, trainerState, write } from '../directory-tree';

const adapter = (x: number) => safetensorsBytes({ 'base_model.model.q_proj.lora_A.weight': [[x, 2], [3, 4]] }); // biome-ignore format: rows

test('adapters are a run, complete with the state of the Trainer', async () => {
  const root = directoryTree({
    'checkpoint-10/adapter_model.safetensors': adapter(1),
    'checkpoint-10/adapter_config.json': '{"peft_type": "LORA"}',
    'checkpoint-10/optimizer.pt': torchBytes,
    'checkpoint-10/trainer_state.json': trainerState(10),
    'checkpoint-20/adapter_model.safetensors': adapter(7),
  });
  const ten = 'checkpoint-10 10 complete: adapter_model.safetensors';
  expect(lines(await recognised(peftAdapter, root))).toEqual([
    ten,
    'checkpoint-20 20 waits for adapter_config.json: adapter_model.safetensors',
  ]);
  write(root, { 'checkpoint-20/adapter_config.json': '{"peft_type": "LORA"}' });
  expect(lines(await recognised(peftAdapter, root))).toEqual([
    ten,
    'checkpoint-20 20 waits for trainer_state.json: adapter_model.safetensors',
  ]);
  write(root, { 'checkpoint-20/trainer_state.json': trainerState(20) });
  const run = await recognised(peftAdapter, root);
  expect(run.recognised).toBe('PEFT adapters: 2 checkpoints, checkpoint-10 to checkpoint-20.');
  expect(run.missing).toEqual([]);
  expect(run.checkpoints[1]!.parts.map((path) => path.slice(root.length + 1))).toEqual([
    join('checkpoint-20', 'adapter_model.safetensors'),
    join('checkpoint-20', 'adapter_config.json'),
  ]);
  expect(await numbersIn(run.checkpoints[1]!, 'adapter_model.safetensors', 'base_model.model.q_proj.lora_A.weight')).toEqual([7, 2, 3, 4]);
});

test('a whole model is not claimed', async () => {
  expect(await peftAdapter.recognise(directoryTree({ 'checkpoint-1/model.safetensors': adapter(1) }))).toBeNull();
});
