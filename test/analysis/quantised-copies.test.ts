import { join } from 'node:path';
import { expect, test } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { DEFAULT_OPTIONS, type ExactSpectrum } from '../../src/analysis/report';
import { selectBackend } from '../../src/compute/select';
import { openTensorFile } from '../../src/formats/open';
import { streamed } from '../formats/bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'formats', 'gguf');
const NAME = 'token_embd.weight';

/** The numbers of a file of 96 x 64, its singular values, and its effective rank. */
async function copyOf(type: string) {
  const file = await openTensorFile(join(fixtures, `${type}.gguf`));
  try {
    const numbers = await streamed(file.matrix(NAME), 96);
    const hooks = { poll() {}, progress() {}, refined: null };
    const report = await analyze(file, NAME, { ...DEFAULT_OPTIONS, normalize: false }, await selectBackend('cpu'), hooks);
    const singular = (report.spectrum as ExactSpectrum).eigenvalues.map((value) => Math.sqrt(96 * value));
    return { numbers, singular, effectiveRank: report.quantities.effectiveRank!.value!, source: report.source };
  } finally {
    await file.close();
  }
}

test.each([
  ['float16', 'float16', 1e-3, 1e-5],
  ['Q8_0', 'Q8_0', 1e-2, 1e-3],
])('one matrix as float32 and as %s: the reports agree as far as its precision allows', async (type, dtype, relative, ofRank) => {
  const exact = await copyOf('float32');
  const copy = await copyOf(type);
  expect(copy.source).toMatchObject({ format: 'gguf', rows: 96, columns: 64, dtype });
  const error = Math.hypot(...exact.numbers.map((x, i) => x - copy.numbers[i]!));
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(relative * Math.hypot(...exact.numbers));
  // Weyl: no singular value moves by more than the largest of the difference, which its Frobenius norm bounds.
  exact.singular.forEach((value, i) => {
    expect(Math.abs(value - copy.singular[i]!)).toBeLessThanOrEqual(error);
  });
  expect(Math.abs(copy.effectiveRank / exact.effectiveRank - 1)).toBeLessThan(ofRank);
});
