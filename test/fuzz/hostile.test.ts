import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FORMATS } from '../../src/formats/registry';
import { randomFrom } from './mutate';
import { targets } from './targets';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const hostile = join(fixtures, 'hostile');
const all = targets(fixtures);
/** Inputs of each target here; `npm run fuzz` goes on for longer. */
const INPUTS = 25;

test('every format that can be read is fuzzed', () => {
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(FORMATS.map(({ id }) => id)));
});

describe.each(all)('$name', ({ name, seeds, mutate, run }) => {
  const kept = existsSync(join(hostile, name)) ? readdirSync(join(hostile, name)) : [];

  test.each(kept)('%s is read or refused', async (file) => {
    const bytes = new Uint8Array(readFileSync(join(hostile, name, file)));
    await run(bytes, file.slice(file.indexOf('@') + 1).replaceAll('@', '/'));
  });

  test.runIf(seeds.length > 0)('fixtures with small changes are read or refused', async () => {
    const random = randomFrom(1);
    for (let i = 0; i < INPUTS; i++) {
      const seed = seeds[random(seeds.length)]!;
      await run(mutate(seed.bytes, seeds[random(seeds.length)]!.bytes, random), seed.name);
    }
  });
});
