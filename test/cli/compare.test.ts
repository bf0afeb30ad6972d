import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINT, EMBEDDINGS, SAMPLES, sigma } from './sigma';

const COLLAPSED = join(SAMPLES, 'replace-s0/generation-10/embeddings.npy');
const CONTROL = join(SAMPLES, 'control-s0/generation-10/embeddings.npy');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-compare-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function compared(args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await sigma(['compare', '--backend', 'cpu', ...args]);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout;
}

describe('sigma compare for a person', () => {
  it('says in words first that a collapsed run differs, with its p-value', async () => {
    const text = await compared([EMBEDDINGS, COLLAPSED]);
    expect(text).toMatch(/^▼ Narrower: B has lost directions\n/);
    const words = text.replaceAll(/\s+/g, ' ');
    expect(words).toContain('The shape of the spectrum fell by 222.9 nats, which is more than chance (p = 0.01)');
    expect(words).toMatch(/Effective rank 37\.24 8\.314 −78 % directions/);
    expect(words).toMatch(/U_cov of SIGMA −706\.4 −898\.3 −191\.9 nats/);
    expect(words).toContain('−196.6 nats = +26.22 scale, −222.9 shape');
    expect(words).toContain('199 random swaps of 1,000 pairs of rows');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).not.toMatch(/[ \t]$/m);
  });

  it('and that its control does not', async () => {
    expect(await compared([EMBEDDINGS, CONTROL, '--rows', '400'])).toMatch(/^✔ No change of shape or scale beyond chance\n/);
  });

  it('gives distances without a test where rows have no pairs', async () => {
    const path = join(folder, 'few.csv');
    const rows = Array.from({ length: 120 }, (_, i) => Array.from({ length: 100 }, (_, j) => Math.sin(1 + i * 12.9 + j * j).toFixed(6)));
    await writeFile(path, rows.map((row) => row.join(',')).join('\n'));
    const words = (await compared([EMBEDDINGS, path])).replaceAll(/\s+/g, ' ');
    expect(words).toMatch(
      /^\? Compared without a test The permutation test needs the same rows on both sides; the files have 1,000 and 120\./,
    );
    expect(words).toContain('Bures distance');
    expect(words).not.toMatch(/CKA, debiased/);
  });
});

describe('sigma compare --json', () => {
  it('prints one document, with the flags in it', async () => {
    const flags = ['--rows', '300', '--seed', '7', '--ridge', '1e-2', '--no-normalize', '--json'];
    const { schema, a, b, rows, test } = JSON.parse(await compared([EMBEDDINGS, COLLAPSED, ...flags]));
    expect(schema).toBe('sigma.compare/1');
    expect(a.options).toMatchObject({ normalize: false, ridge: 0.01, rows: 300, seed: 7 });
    expect(b.options).toEqual(a.options);
    expect(rows).toMatchObject({ paired: true, a: 300, seed: 7 });
    expect(test.shape.p).toBe(1 / 200);
  });

  it('compares one tensor of two checkpoints', async () => {
    const { a, test, distances } = JSON.parse(await compared([CHECKPOINT, CHECKPOINT, '--tensor', 'transformer.wpe.weight', '--json']));
    expect(a.source.tensor).toBe('transformer.wpe.weight');
    expect(a.options.normalize).toBe(false);
    expect(test.shape.p).toBe(1);
    expect(distances.bures).toBe(0);
  });
});

describe('sigma compare refuses in one line', () => {
  it.each([
    [[], 'compare needs two files, but got 0: sigma compare A B'],
    [[EMBEDDINGS], 'compare needs two files, but got 1'],
    [[EMBEDDINGS, COLLAPSED, CONTROL], 'compare needs two files, but got 3'],
    [[EMBEDDINGS, CHECKPOINT], 'choose one with --tensor'],
    [[CHECKPOINT, CHECKPOINT, '--tensor', 'transformer.wpe.wieght'], 'the closest names are transformer.wpe.weight'],
    [[EMBEDDINGS, COLLAPSED, '--tensor', 'x'], 'it holds one unnamed matrix, so leave --tensor out'],
    [[EMBEDDINGS, 'no/such.npy'], 'no/such.npy'],
    [[EMBEDDINGS, COLLAPSED, '--rows', '0'], "--rows must be 'all' or a whole number from 1, but is '0'"],
    [[EMBEDDINGS, COLLAPSED, '--html', 'x.html'], 'there is no flag --html; see sigma compare --help'],
  ])('%j', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await sigma(['compare', ...args]);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^sigma: [^\n]+\n$/);
    expect(exitCode).toBe(2);
  });

  it('matrices of different widths', async () => {
    const path = join(folder, 'narrow.csv');
    await writeFile(path, '1.5,2\n3,4.5\n5,7\n');
    const { exitCode, stderr } = await sigma(['compare', EMBEDDINGS, path]);
    expect(stderr).toMatch(/has 100 columns and .*narrow\.csv has 2: only matrices with as many columns can be compared\n$/);
    expect(exitCode).toBe(2);
  });
});
