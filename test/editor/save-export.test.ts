import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { state, Uri } from './fake-vscode';

vi.mock('vscode', () => import('./fake-vscode'));
const { saveExport, proposedName } = await import('../../src/editor/save-export');

const SUBJECT = Uri.file('/data/run/generation-0.npy');
const SVG = { name: 'spectrum.svg', encoding: 'utf8', content: '<svg/>' } as const;
const save = (to: string | undefined, file: Parameters<typeof saveExport>[0] = SVG, subject = SUBJECT) => {
  state.saveTo = to === undefined ? undefined : Uri.file(to);
  return saveExport(file, subject as never);
};

beforeEach(() => {
  state.said = [];
  state.proposed = [];
  state.written.clear();
  state.executed = [];
  state.choice = undefined;
});

describe('saveExport', () => {
  it('proposes a name beside the file, writes where the person says, and says so', async () => {
    await save('/home/figures/a.svg');
    expect(state.proposed).toEqual(['/data/run/generation-0-spectrum.svg']);
    expect([...state.written]).toEqual([['/home/figures/a.svg', '<svg/>']]);
    expect(state.said).toEqual(['Saved a.svg.']);
    expect(state.executed).toEqual([]);
  });

  it('opens what was saved where the person wants to see it', async () => {
    state.choice = 'Open';
    await save('/home/a.svg');
    expect(state.executed).toEqual([['vscode.open', Uri.file('/home/a.svg')]]);
  });

  it('writes bytes that came as base64', async () => {
    await save('/home/a.png', { name: 'spectrum.png', encoding: 'base64', content: Buffer.from('bytes').toString('base64') });
    expect(state.written.get('/home/a.png')).toBe('bytes');
  });

  it('writes nothing where the person thinks better of it', async () => {
    await save(undefined);
    expect(state.written.size + state.said.length).toBe(0);
  });

  it.each([
    ['/data/run/generation-0.npy', SVG],
    ['/data/run/no-ending', SVG],
    ['/data/run/model.safetensors.svg.pt', SVG],
    ['/data/run/model.safetensors.index.json', { ...SVG, name: 'report.json' }],
  ])('never overwrites a checkpoint: %s', async (to, file) => {
    await save(to, file);
    expect(state.written.size).toBe(0);
    expect(state.said[0]).toMatch(/^The name must end in \.(svg|json) alone/);
  });

  it('never overwrites the file that was analysed, by whichever name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sigma-export-'));
    const [data, link] = [join(folder, 'data.csv'), join(folder, 'link.csv')];
    await writeFile(data, '1,2');
    await symlink(data, link);
    for (const to of [data, link]) await save(to, { ...SVG, name: 'quantities.csv' }, Uri.file(data));
    expect(state.written.size).toBe(0);
    expect(state.said).toEqual(Array(2).fill('This is the file that was analysed: choose another name.'));
    await rm(folder, { recursive: true });
  });

  it('says in a sentence why something could not be written', async () => {
    await save('/read-only/a.svg');
    expect(state.said).toEqual(['a.svg cannot be written there: it is read-only storage. Choose another folder.']);
    await save('/full/a.svg');
    expect(state.said[1]).toBe(
      'a.svg cannot be written there: the disk is full, and what is there is not complete. Free some space and export it again.',
    );
  });
});

describe('proposedName', () => {
  it.each([
    ['model.safetensors', 'report.json', 'model-report.json'],
    ['run', 'timeline.csv', 'run-timeline.csv'],
    ['.hidden', 'a.png', 'export-a.png'],
    ['..x:"<|>\u202e.npy', 'a.png', 'x--a.png'],
    ['训练 3.pt', 'a.svg', '训练 3-a.svg'],
  ])('%s, %s', (subject, name, proposed) => expect(proposedName(subject, name)).toBe(proposed));

  it('is short, and keeps its ending', () => {
    const name = proposedName(`${'x'.repeat(500)}.npy`, 'spectrum.png');
    expect(name).toHaveLength(120);
    expect(name.endsWith('.png')).toBe(true);
  });
});
