import { describe, expect, it } from 'vitest';
import { closest, editDistance } from '../../src/words/closest';

describe('closest', () => {
  it('measures edits', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('same', 'same')).toBe(0);
  });

  it('puts names that contain the wanted one before those that merely look like it', () => {
    expect(closest('wte', ['transformer.wte.weight', 'wpe', 'lm_head'], 2)).toEqual(['transformer.wte.weight', 'wpe']);
    expect(closest('layer.1.wieght', ['layer.2.bias', 'layer.1.weight', 'layer.1.bias'], 1)).toEqual(['layer.1.weight']);
  });
});
