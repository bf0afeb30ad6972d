import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assemble } from '../../scripts/assembly.mjs';

test('what is committed is what the source compiles to', async () => {
  expect(readFileSync('src/compute/wasm-code.ts', 'utf8')).toBe(await assemble());
});
