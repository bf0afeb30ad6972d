import { expect, test } from 'vitest';
import { type Colour, contrast, over, readable } from '../../../webview/view-model/contrast';

const WHITE: Colour = [255, 255, 255, 1];
const BLACK: Colour = [0, 0, 0, 1];

test('known ratios', () => {
  expect(contrast(WHITE, BLACK)).toBeCloseTo(21, 10);
  expect(contrast(BLACK, WHITE)).toBeCloseTo(21, 10);
  expect(contrast([119, 119, 119, 1], WHITE)).toBeCloseTo(4.48, 2);
});

test('a translucent colour counts as it looks', () => {
  expect(over([255, 0, 0, 0.5], WHITE)).toEqual([255, 128, 128, 1]);
});

test('the first readable candidate, else the last', () => {
  const faint: Colour = [0, 0, 0, 0.1];
  const red: Colour = [200, 0, 0, 1];
  expect(readable([faint, red, BLACK], WHITE)).toEqual(red);
  expect(readable([faint, [250, 250, 250, 1]], WHITE)).toEqual([250, 250, 250, 1]);
});
