import { expect, test } from 'vitest';
import { LISTED, shapeText, tensorList } from '../../../webview/view-model/tensors';
import { tensor } from '../fixtures';

const many = Array.from({ length: 10_000 }, (_, index) => tensor(`layers.${index}.q_proj`));

test('a long list is cut, and says how to see the rest', () => {
  const list = tensorList(many, '', 'layers.3.q_proj');
  expect(list.entries).toHaveLength(LISTED);
  expect(list.entries.filter(({ selected }) => selected).map(({ name }) => name)).toEqual(['layers.3.q_proj']);
  expect(list.rest).toBe('9,800 more of 10,000 tensors: filter by name to see them.');
});

test('every word of the filter counts, in any case', () => {
  expect(tensorList(many, 'Q_PROJ 9999', null).entries.map(({ name }) => name)).toEqual(['layers.9999.q_proj']);
  expect(tensorList(many, 'nothing', null)).toEqual({ entries: [], rest: 'No tensor has such a name.' });
});

test('what is no matrix cannot be selected, and says why', () => {
  const [bias, odd] = tensorList(
    [tensor('bias', { shape: [8], matrix: null, note: 'A vector has no spectrum.' }), tensor('odd', { matrix: null })],
    '',
    null,
  ).entries;
  expect(bias).toMatchObject({ selectable: false, note: 'A vector has no spectrum.', shape: '8' });
  expect(odd).toMatchObject({ selectable: false, note: 'Not a matrix.' });
});

test('shapes', () => {
  expect(shapeText([1000, 100])).toBe('1,000 × 100');
  expect(shapeText([])).toBe('scalar');
});
