import { describe, expect, test } from 'vitest';
import type { SpectralReport } from '../../../src/analysis/report';
import { reportFromJson } from '../../../src/analysis/report-json';
import { computeEntries, integrityEntries, sigmaEntries } from '../../../src/words/entries';
import { levelWord, verdictModel } from '../../../src/words/verdict';
import { NEW_SESSION } from '../../../webview/session';
import { glance } from '../../../webview/view-model/glance';
import { headerModel } from '../../../webview/view-model/header';
import { fixture, NPY, tensor } from '../fixtures';

const healthy = reportFromJson(fixture('healthy'));
const sampled = reportFromJson(fixture('sampled'));
const collapsed = reportFromJson(fixture('collapsed'));

describe('verdict', () => {
  test('a healthy file gets a word, a shape, its reason and no advice', () => {
    expect(verdictModel(healthy, false)).toMatchObject({ word: 'Healthy', icon: 'check', advice: [], sample: 'All 1,000 rows were read.' });
  });

  test('a collapsed file gets its reasons, worst first, and what people do about each', () => {
    const model = verdictModel(collapsed, false);
    expect(model.word).toBe('Collapsed');
    expect(model.reasons).toEqual(collapsed.verdict.reasons.map(({ message }) => message));
    expect(model.advice).toHaveLength(3);
  });

  test('a code without advice of its own gets the advice of its level, once', () => {
    const verdict: SpectralReport['verdict'] = {
      level: 'watch',
      reasons: [
        { code: 'new-one', message: 'One.' },
        { code: 'new-two', message: 'Two.' },
      ],
    };
    expect(verdictModel({ ...healthy, verdict }, false).advice).toHaveLength(1);
  });

  test('words and shapes differ between all levels', () => {
    const levels = ['healthy', 'watch', 'collapsing', 'collapsed', 'broken', 'unknown'] as const;
    const models = levels.map((level) => verdictModel({ ...healthy, verdict: { level, reasons: [{ code: 'x', message: 'X.' }] } }, false));
    expect(new Set(models.map(({ icon }) => icon)).size).toBe(levels.length);
    expect(new Set(levels.map(levelWord)).size).toBe(levels.length);
  });

  test('which rows it rests on', () => {
    expect(verdictModel(sampled, true).sample).toBe('Still reading: 500 of 50,000 rows are in these numbers.');
    expect(verdictModel(sampled, false).sample).toBe('A sample was read: 500 of 50,000 rows (seed 0).');
  });
});

describe('integrity', () => {
  test('says what the statistics did with what was found, and nothing where nothing was', () => {
    const entries = integrityEntries(collapsed);
    expect(entries.find(({ term }) => term === 'Zero rows')).toEqual({
      term: 'Zero rows',
      value: '3',
      note: 'They have no direction and are left out of every statistic.',
      alert: true,
    });
    expect(entries.find(({ term }) => term === 'NaN entries')).toEqual({ term: 'NaN entries', value: 'none', note: '', alert: false });
  });

  test('zero rows stay in where rows are not scaled', () => {
    const report = { ...collapsed, options: { ...collapsed.options, normalize: false } };
    expect(integrityEntries(report).find(({ term }) => term === 'Zero rows')!.note).toMatch(/^They stay in/);
  });
});

test('SIGMA-UB: every number, and why there is no G_KF', () => {
  const terms = sigmaEntries(healthy.sigma!).map(({ term, value }) => [term, value]);
  expect(terms).toContainEqual(['G_KF', 'not defined']);
  expect(terms).toContainEqual(['n_A', '1,000']);
  expect(sigmaEntries(sampled.sigma!).find(({ term }) => term === 'G_KF')!.value).toMatch(/nats$/);
});

test('how it was computed: backend, device, precision, self-test, fallback and times', () => {
  const values = computeEntries(healthy).flatMap(({ value, note }) => [value, note]);
  expect(values).toEqual(expect.arrayContaining(['the processor (CPU)', healthy.backend.device, 'float64', '2.2 × 10⁻¹⁶']));
  expect(values).toContain(healthy.backend.fallbackReason);
  expect(values).toContain('reading 3 ms, products 22 ms, eigenvalues 14 ms, in all 42 ms');
  const direct = { ...healthy, backend: { ...healthy.backend, fallbackReason: null } };
  expect(computeEntries(direct).some(({ term }) => term === 'Fell back because')).toBe(false);
});

test('products in float32 come with what they cost', () => {
  const precision = (report: SpectralReport) => computeEntries(report).find(({ term }) => term === 'Precision')!;
  const rounded = { ...healthy, backend: { ...healthy.backend, precision: 'float32' as const } };
  expect(precision(healthy).note).not.toContain('off by');
  expect(precision(rounded)).toMatchObject({ value: 'float32', note: expect.stringMatching(/off by at most \S+ × 10\S+ \(root/) });
});

test('the facts at a glance', () => {
  expect(glance(healthy).map(({ label, value }) => [label, value])).toEqual([
    ['Effective rank', '37.24'],
    ['Bulk of the variance', '57'],
    ['Mean cosine', '0.8352'],
    ['Distinct rows', '100 %'],
  ]);
  expect(glance({ ...healthy, spectrum: null, quantities: { codingLogDet: [], effectiveDimension: [] } })).toEqual([]);
});

describe('header', () => {
  test('before the file is known', () => {
    expect(headerModel(NEW_SESSION).title).toBe('Spectral health');
    expect(headerModel({ ...NEW_SESSION, path: '/models/step-100/' }).title).toBe('step-100');
  });

  test('the only array of a file has no name of its own', () => {
    expect(headerModel({ ...NEW_SESSION, file: NPY, tensor: '' })).toEqual({
      title: 'generation-0.npy',
      tensor: null,
      facts: ['1,000 × 100', 'float32', 'npy', '400 kB'],
      notes: [],
    });
  });

  test('a tensor of several, with how it was made a matrix and the warnings of the file', () => {
    const file = {
      ...NPY,
      path: 'C:\\runs\\model.safetensors',
      tensors: [tensor('conv', { shape: [64, 3, 7, 7], note: 'Flattened to 64 × 147.' }), tensor('b')],
      warnings: ['Two tensors share bytes.'],
    };
    expect(headerModel({ ...NEW_SESSION, file, tensor: 'conv' })).toMatchObject({
      title: 'model.safetensors',
      tensor: 'conv',
      notes: ['Flattened to 64 × 147.', 'Two tensors share bytes.'],
    });
  });

  test('rows that only reading could tell', () => {
    const file = { ...NPY, tensors: [tensor('', { matrix: { rows: null, columns: 100 }, shape: [] })] };
    expect(headerModel({ ...NEW_SESSION, file, tensor: '', report: healthy }).facts[0]).toBe('1,000 × 100');
  });
});
