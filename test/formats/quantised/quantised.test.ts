import { describe, expect, test } from 'vitest';
import { scaleOf } from '../../../src/formats/quantised/quantised';

describe('the scale of a quantised tensor', () => {
  test.each([
    ['GPTQ and AWQ', 'layer.qweight', 'int32', 'layer.scales'],
    ['GPTQ zeros', 'layer.qzeros', 'int32', 'layer.scales'],
    ['bitsandbytes 4 bit', 'layer.weight', 'uint8', 'layer.weight.absmax'],
    ['bitsandbytes 8 bit', 'layer.weight', 'int8', 'layer.SCB'],
    ['compressed-tensors', 'layer.weight_packed', 'int32', 'layer.weight_scale'],
    ['ModelOpt', 'layer.weight', 'uint8', 'layer.weight_scale'],
    ['block-wise FP8', 'layer.weight', 'float8_e4m3fn', 'layer.weight_scale_inv'],
    ['MXFP4', 'experts.up_blocks', 'uint8', 'experts.up_scales'],
    ['MXFP4 scales', 'experts.up_scales', 'uint8', 'experts.up_blocks'],
    ['MLX', 'layer.weight', 'uint32', 'layer.scales'],
    ['at the root', 'weight', 'uint8', 'scales'],
  ])('%s', (_, name, dtype, scale) => {
    const names = new Set([name, scale, 'other.weight']);
    expect(scaleOf(name, dtype, (other) => names.has(other))).toBe(scale);
  });

  test.each([
    ['a tensor without one', 'layer.weight', 'uint8', 'other.scales'],
    ['a tensor of numbers beside one', 'layer.weight', 'bfloat16', 'layer.scales'],
    ['a scale itself', 'layer.scales', 'uint8', 'layer.scales'],
  ])('none for %s', (_, name, dtype, other) => {
    const names = new Set([name, other]);
    expect(scaleOf(name, dtype, (candidate) => names.has(candidate))).toBeNull();
  });
});
