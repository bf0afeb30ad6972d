import { expect, test } from 'vitest';
import { isTemporary } from '../../src/runs/temporary-names';

test.each([
  'tmp-checkpoint-600',
  'checkpoint_last.pt.tmp',
  'checkpoint-600-tmp',
  '.tmpA1b2C3',
  '600.orbax-checkpoint-tmp-1732446993',
  'default.orbax-checkpoint-tmp',
  'model.safetensors.partial',
  'abc123.incomplete',
  'MODEL.TMP',
])('%s is not finished', (name) => {
  expect(isTemporary(name)).toBe(true);
});

test.each(['checkpoint-600', 'model.safetensors', '.metadata', 'tmp', 'template-1.pt', 'attempt-tmpl.npy', 'partial.npy', '600'])(
  '%s is',
  (name) => {
    expect(isTemporary(name)).toBe(false);
  },
);
