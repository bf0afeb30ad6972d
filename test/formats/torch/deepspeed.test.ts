import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { joinedBytes } from '../../../src/formats/bytes/joined-bytes';
import { FormatError } from '../../../src/formats/format-error';
import { openTensorFile } from '../../../src/formats/open';
import { formatErrorOf, MemoryBytes, memoryFolder, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'deepspeed');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<
  string,
  { readonly shape: readonly number[]; readonly values: readonly number[] }
>;
type Files = Record<string, Uint8Array>;
const filesOf = (name: string): Files =>
  Object.fromEntries(readdirSync(join(fixtures, name)).map((file) => [file, new Uint8Array(readFileSync(join(fixtures, name, file)))]));

function open(files: Files) {
  const folder = memoryFolder(Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`/run/${name}`, bytes])));
  const opened = openTensorFile('/run', {
    openBytes: folder.openBytes,
    listFolder: async (path) => (path === '/run' ? Object.keys(files) : null),
  });
  return { folder, opened };
}

describe.each([
  ['stage-1', 6],
  ['stage-2', 6],
  ['stage-3', 5],
] as const)('%s', (name, count) => {
  test('has every parameter whole, in float32', async () => {
    const { folder, opened } = open(filesOf(name));
    const file = await opened;
    expect(file).toMatchObject({ format: 'deepspeed', warnings: [] });
    expect(file.tensors).toHaveLength(count);
    for (const tensor of file.tensors) {
      const { shape, values } = expected[tensor.name]!;
      expect(tensor).toMatchObject({ dtype: 'float32', shape, bytes: 4 * values.length });
      if (tensor.matrix !== null) expect(await streamed(file.matrix(tensor.name), 2)).toEqual(values);
    }
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('with a file missing, empty or cut, is refused in one sentence', async () => {
    const files = filesOf(name);
    for (const cut of Object.keys(files)) {
      if (/zero_pp_rank_[12]_.*model_states/.test(cut)) continue;
      const { [cut]: bytes, ...others } = files;
      for (const left of [null, 0, 1, bytes!.length >> 1, bytes!.length - 1]) {
        const { folder, opened } = open(left === null ? others : { ...others, [cut]: bytes!.slice(0, left) });
        await expect(opened).rejects.toBeInstanceOf(FormatError);
        expect(folder.left()).toBe(0);
      }
    }
  });
});

describe('what does not fit is refused', () => {
  const model = 'mp_rank_00_model_states.pt';
  const optimizer = (rank: number) => `zero_pp_rank_${rank}_mp_rank_00_optim_states.pt`;
  /** Zip archives of torch are not compressed, so that a pickle can be changed in place. */
  function changed(files: Files, name: string, from: string, to: string): Files {
    const text = Buffer.from(files[name]!).toString('latin1');
    expect(text).toContain(from);
    return { ...files, [name]: new Uint8Array(Buffer.from(text.replaceAll(from, to), 'latin1')) };
  }
  const stage2 = filesOf('stage-2');
  const stage3 = filesOf('stage-3');
  const { [optimizer(1)]: _, ...withoutRank1 } = stage2;
  const { [optimizer(2)]: __, ...withoutRank2 } = stage2;

  test.each<[string, Files, string]>([
    ['a rank between', withoutRank1, 'the optimizer of rank 1 (zero_pp_rank_*_optim_states.pt) is missing'],
    ['the last rank', withoutRank2, 'it was saved by 3 ranks, but the optimizers of 2 are here'],
    ['layers over several GPUs', { ...stage2, 'zero_pp_rank_0_mp_rank_01_optim_states.pt': new Uint8Array(1) }, 'its layers are cut over'],
    ['no weights', changed(stage2, optimizer(1), 'single_partition', 'double_partition'), 'the weights in float32'],
    ['no stage', changed(stage2, optimizer(0), 'zero_stage', 'nero_stage'), 'the stage of ZeRO (1, 2 or 3) was expected'],
    ['no shapes', changed(stage2, model, 'param_shapes', 'parem_shapes'), 'it has shapes of 1 groups'],
    ['other shapes', changed(stage2, model, 'K\x05K\x04\x86', 'K\x25K\x04\x86'), 'its parameters have'],
    ['shapes without end', changed(stage2, model, 'K\x05K\x04\x86', 'K\x05K\xff\x86'), 'its parameters have'],
    [
      'other shapes of stage 3',
      changed(stage3, 'zero_pp_rank_0_mp_rank_00_model_states.pt', 'K\x05K\x04\x86', 'K\x25K\x04\x86'),
      'the share of each rank has',
    ],
  ])('%s', async (_, files, detail) => {
    const { folder, opened } = open(files);
    expect((await formatErrorOf(() => opened)).detail).toContain(detail);
    expect(folder.left()).toBe(0);
  });
});

test('joined bytes are read across their seams, and no further', async () => {
  const part = (...bytes: number[]) => new MemoryBytes(Uint8Array.from(bytes));
  const joined = joinedBytes([part(0, 1, 2), part(), part(3), part(4, 5)], '/x');
  expect(joined.size).toBe(6);
  for (let from = 0; from <= 6; from++) {
    for (let to = from; to <= 6; to++) {
      const into = new Uint8Array(to - from);
      await joined.read(from, into);
      expect([...into]).toEqual([0, 1, 2, 3, 4, 5].slice(from, to));
    }
  }
  expect((await formatErrorOf(() => joined.read(5, new Uint8Array(2)))).detail).toContain('the data ends at byte 6');
});
