import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assemble } from '../../scripts/assembly.mjs';

test('what is committed is what the sources compile to', async () => {
  const files = Object.entries(await assemble());
  expect(files).toHaveLength(2);
  for (const [file, text] of files) expect(readFileSync(file, 'utf8')).toBe(text);
});
