import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { BYTES_PER_ELEMENT } from '../../src/formats/matrices/elements';
import { ELEMENT_BYTES } from '../../src/words/element-types';
import { InputBoxValidationSeverity, Memory, state, Uri } from './fake-vscode';

vi.mock('vscode', () => import('./fake-vscode'));
const { RawLayouts } = await import('../../src/editor/raw-layouts');

const folder = mkdtempSync(join(tmpdir(), 'sigma-raw-'));
const file = Uri.file(join(folder, 'vectors.bin'));
writeFileSync(file.path, new Uint8Array(120));
let memory: Memory;
let layouts: InstanceType<typeof RawLayouts>;

beforeEach(() => {
  memory = new Memory();
  layouts = new RawLayouts(memory);
  Object.assign(state, { quickPicks: [], chosen: [], inputBoxes: [], typed: [] });
});
afterAll(() => rmSync(folder, { recursive: true }));

function answers(type: string | undefined, columns?: string): Promise<unknown> {
  state.chosen = [type];
  state.typed = [columns];
  return layouts.ask(file as never);
}

it('asks for the type and the columns, and remembers the answer', async () => {
  expect(layouts.of(file as never)).toBeNull();
  expect(await answers('float16', ' 6 ')).toEqual({ dtype: 'float16', columns: 6 });
  expect(new RawLayouts(memory).of(file as never)).toEqual({ dtype: 'float16', columns: 6 });
  await answers('float32', '5');
  expect(state.quickPicks[1]!.map(({ label }) => label).slice(0, 2)).toEqual(['float16', 'float32']);
  expect(state.inputBoxes.map(({ value }) => value)).toEqual(['', '6']);
  expect(layouts.of(file as never)).toEqual({ dtype: 'float32', columns: 5 });
});

it('offers the types that fit, with how many numbers there would be', async () => {
  await answers(undefined);
  expect(state.quickPicks[0]![0]).toMatchObject({ label: 'float32', description: '30 numbers' });
  writeFileSync(file.path, new Uint8Array(121));
  await answers(undefined);
  expect(state.quickPicks[1]!.map(({ label }) => label).filter((label) => /16|32|64/.test(label))).toEqual([]);
  writeFileSync(file.path, new Uint8Array(120));
});

it('says while a person writes how many rows there would be, or what is wrong', async () => {
  await answers('float32', undefined);
  const says = (text: string) => state.inputBoxes[0]!.validateInput(text);
  const { Info, Error: Wrong } = InputBoxValidationSeverity;
  expect(says('')).toBeNull();
  expect(says('10')).toEqual({ message: '3 rows of 10 numbers, float32', severity: Info });
  expect(says('7')).toEqual({ message: '30 numbers make no whole rows of 7.', severity: Wrong });
  for (const text of ['0', '-1', '1.5', 'many', '1e1'])
    expect(says(text)).toEqual({ message: expect.stringContaining('whole number'), severity: Wrong });
});

it('has no layout where a question is left, or what was written does not fit', async () => {
  for (const [type, columns] of [[undefined], ['float32'], ['float32', '7']] as const) expect(await answers(type, columns)).toBeNull();
  expect(layouts.of(file as never)).toBeNull();
});

it('does not believe a memory that holds something else, and forgets the oldest', async () => {
  await memory.update('sigma.rawLayouts', { [file.path]: { dtype: 'object', columns: -1 } });
  expect(layouts.of(file as never)).toBeNull();
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`/${i}`, { dtype: 'int8', columns: 1 }]));
  await memory.update('sigma.rawLayouts', many);
  await answers('int8', '2');
  expect(Object.keys(memory.get('sigma.rawLayouts'))).toHaveLength(200);
  expect([Uri.file('/0'), Uri.file('/1'), file].map((each) => layouts.of(each as never) !== null)).toEqual([false, true, true]);
});

it('knows the bytes of every type that is read', () => expect(ELEMENT_BYTES).toEqual(BYTES_PER_ELEMENT));
