import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/cli/printable';
import { createStyle } from '../../src/cli/style';
import { tensorTable } from '../../src/cli/tensor-table';
import { weightReport } from './sample-report';

const tensors = [{ name: 'norm.bias', dtype: 'float32', shape: [10], bytes: 40, matrix: null, note: 'It has one dimension.' }];
const reports = [
  weightReport('transformer.h.0.attn.c_attn.weight', 'healthy', 71.25),
  weightReport('transformer.h.0.mlp.c_fc.weight', 'broken', 1),
  weightReport('wte', 'watch', 12.5),
];

describe('the matrices of a file', () => {
  const lines = tensorTable('model.safetensors', tensors, reports, createStyle(false), 80).split('\n');

  it('start with the worst verdict and the tally', () => {
    expect(lines.slice(0, 3)).toEqual([
      '✖ Broken numbers  model.safetensors',
      '  3 matrices: 1 broken, 1 watch, 1 healthy. One tensor is not a matrix:',
      '  norm.bias.',
    ]);
  });

  it('stand worst first, one line each, numbers to the right', () => {
    expect(lines.slice(4, 8)).toEqual([
      'Verdict    Tensor                                    Shape  Effective rank',
      '✖ broken   transformer.h.0.mlp.c_fc.weight     1,000 × 100               1',
      '◆ watch    wte                                 1,000 × 100           12.50',
      '✔ healthy  transformer.h.0.attn.c_attn.weight  1,000 × 100           71.25',
    ]);
  });

  it('end with why the worst is the worst, and how to see more', () => {
    expect(lines.slice(-3, -1).join(' ')).toContain('transformer.h.0.mlp.c_fc.weight is broken.');
    expect(lines.at(-1)).toContain('--tensor');
  });

  it('fit any width and carry no escape sequence of a name', () => {
    const hostile = [weightReport(`\u001b[2J${'x'.repeat(300)}`, 'healthy', 3), ...reports];
    for (const line of tensorTable('\u001b[2Jm', tensors, hostile, createStyle(false), 72).split('\n').slice(0, 9)) {
      expect(line).not.toContain('\u001b');
      expect(displayWidth(line)).toBeLessThanOrEqual(72);
    }
  });
});
