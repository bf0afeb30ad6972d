import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { CompareSession, commonMatrices } from '../../src/editor/compare-session';
import { EngineError, ErrorCode, type FileSummary } from '../../src/engine/protocol';
import type { CompareHostMessage } from '../../webview/compare/protocol';
import { NPY, tensor } from '../webview/fixtures';

const files = new Map<string, FileSummary | Error>();
const calls: string[] = [];
let held: (() => void) | null;
/** Holds the next comparison until it is let go or cancelled. */
let hold: boolean;

/** Answers with what was asked for. */
const engine = {
  inspect: async (path: string) => {
    const file = files.get(path)!;
    if (file instanceof Error) throw file;
    return file;
  },
  analyze: async ({ path, tensor }: { path: string; tensor: string }, { onUpdate }: { onUpdate: (update: unknown) => void }) => {
    calls.push(`analyze ${path} ${tensor}`);
    onUpdate({ fraction: 0.5, stage: 'Reading', report: null });
    return { path, tensor };
  },
  compare: async (
    { a, b, options }: { a: { path: string }; b: { path: string }; options: object },
    { onUpdate, signal }: { onUpdate: (update: unknown) => void; signal: AbortSignal },
  ) => {
    expect(options).toBe(DEFAULT_OPTIONS);
    calls.push(`compare ${a.path} ${b.path}`);
    if (b.path.endsWith('bad.npy')) throw new EngineError(ErrorCode.internal, 'It broke.');
    onUpdate({ fraction: 0.75, stage: 'Permuting', report: null });
    if (hold) {
      await new Promise<void>((resolve, reject) => {
        held = resolve;
        signal.addEventListener('abort', () => reject(EngineError.cancelled()));
      });
    }
    return { a, b };
  },
};

const posted: CompareHostMessage[] = [];
const failed = vi.fn();
function session(paths: readonly string[], matrix: string | null = null): CompareSession {
  const sides = paths.map((path) => ({ path, name: path }));
  const started = new CompareSession(sides, matrix, {
    engine: engine as never,
    wording: { cancelled: 'Cancelled.', noMatrix: 'No matrix.', noCommonMatrix: 'Nothing in common.', noBaseline: 'No baseline.' },
    options: () => DEFAULT_OPTIONS,
    post: (message) => posted.push(message),
    copy: () => {},
    save: () => {},
    failed,
  });
  started.receive({ type: 'ready' });
  return started;
}
const types = () => posted.map((message) => ('side' in message ? `${message.type} ${message.side}` : message.type));
const settled = () => vi.waitFor(() => expect(['done', 'failure']).toContain(posted.at(-1)?.type));
const told = (type: CompareHostMessage['type']) => posted.filter((message) => message.type === type);

beforeEach(() => {
  vi.clearAllMocks();
  files.clear();
  for (const list of [calls, posted]) list.length = 0;
  held = null;
  hold = false;
  for (const path of ['/a.npy', '/b.npy', '/c.npy']) files.set(path, { ...NPY, path });
});

describe('a comparison', () => {
  it('analyses the baseline, then each other side, and compares it at once', async () => {
    session(['/a.npy', '/b.npy', '/c.npy']);
    await settled();
    expect(calls).toEqual(['analyze /a.npy ', 'analyze /b.npy ', 'compare /a.npy /b.npy', 'analyze /c.npy ', 'compare /a.npy /c.npy']);
    expect(types().filter((type) => type !== 'progress')).toEqual([
      'sides',
      'report 0',
      'report 1',
      'comparison 1',
      'report 2',
      'comparison 2',
      'done',
    ]);
    const fractions = told('progress').map((message) => (message as { fraction: number }).fraction);
    expect(fractions).toEqual([0.5 / 3, 1.25 / 3, 1.75 / 3, 2.25 / 3, 2.75 / 3]);
    expect(told('progress').at(-1)).toMatchObject({ stage: 'C: Permuting' });
  });

  it('tells of each side alone what went wrong with it', async () => {
    files.set('/bad.npy', { ...NPY, path: '/bad.npy' });
    files.set('/gone.npy', new EngineError(ErrorCode.format, 'There is no such file.'));
    files.set('/narrow.npy', { ...NPY, path: '/narrow.npy', tensors: [tensor('', { matrix: { rows: 9, columns: 64 } })] });
    files.set('/empty.npz', { ...NPY, path: '/empty.npz', tensors: [tensor('x', { matrix: null })] });
    session(['/a.npy', '/bad.npy', '/gone.npy', '/narrow.npy', '/empty.npz', '/c.npy']);
    await settled();
    expect(told('trouble')).toEqual([
      { type: 'trouble', side: 2, message: 'There is no such file.' },
      { type: 'trouble', side: 4, message: 'No matrix.' },
      { type: 'trouble', side: 1, message: 'It broke.' },
      { type: 'trouble', side: 3, message: 'A has 100 columns and D has 64: only matrices with as many columns can be compared.' },
    ]);
    expect(told('comparison')).toHaveLength(1);
    expect(posted.at(-1)!.type).toBe('done');
    expect(failed).not.toHaveBeenCalled();
  });

  it('has nothing to compare with when the baseline cannot be read', async () => {
    files.set('/gone.npy', new EngineError(ErrorCode.format, 'There is no such file.'));
    session(['/gone.npy', '/b.npy']);
    await settled();
    expect(types().filter((type) => type !== 'progress')).toEqual(['sides', 'trouble 0', 'report 1', 'trouble 1', 'done']);
    expect(told('trouble').at(-1)).toMatchObject({ message: 'No baseline.' });
  });

  it('begins anew with another baseline or another matrix', async () => {
    const several = ['wte', 'wpe'].map((name) => tensor(name));
    for (const path of ['/a.pt', '/b.pt']) files.set(path, { ...NPY, path, tensors: several });
    const one = session(['/a.pt', '/b.pt'], 'wpe');
    await settled();
    expect(told('sides').at(-1)).toMatchObject({ matrices: ['wte', 'wpe'], matrix: 1, sides: [{ path: '/a.pt' }, { path: '/b.pt' }] });
    one.receive({ type: 'baseline', side: 1 });
    one.receive({ type: 'matrix', matrix: 7 });
    one.receive({ type: 'baseline', side: 0 });
    await settled();
    await vi.waitFor(() => expect(told('sides')).toHaveLength(2));
    expect(told('sides').at(-1)).toMatchObject({ matrix: 1, sides: [{ path: '/b.pt' }, { path: '/a.pt' }] });
    await settled();
    calls.length = 0;
    one.receive({ type: 'matrix', matrix: 0 });
    await vi.waitFor(() => expect(calls).toEqual(['analyze /b.pt wte', 'analyze /a.pt wte', 'compare /b.pt /a.pt']));
  });

  it('is cancelled with what it has, and is tried again', async () => {
    hold = true;
    const one = session(['/a.npy', '/b.npy']);
    await vi.waitFor(() => expect(held).not.toBeNull());
    one.receive({ type: 'cancel' });
    one.receive({ type: 'cancel' });
    expect(posted.at(-1)).toEqual({ type: 'failure', message: 'Cancelled.', cancelled: true });
    expect(told('failure')).toHaveLength(1);
    hold = false;
    one.receive({ type: 'retry' });
    await vi.waitFor(() => expect(posted.at(-1)!.type).toBe('done'));
    expect(told('comparison')).toHaveLength(1);
  });

  it('is sent again to a panel that comes back, without what is over', async () => {
    const one = session(['/a.npy', '/b.npy']);
    await settled();
    const [before, computed] = [types().filter((type) => type !== 'progress'), calls.length];
    posted.length = 0;
    one.receive({ type: 'ready' });
    expect(types()).toEqual(before);
    expect(calls).toHaveLength(computed);
  });

  it('posts nothing once it is closed', async () => {
    hold = true;
    const one = session(['/a.npy', '/b.npy']);
    await vi.waitFor(() => expect(held).not.toBeNull());
    const before = posted.length;
    one.dispose();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(posted).toHaveLength(before);
  });

  it('says when no matrix goes by one name, and when the engine is gone', async () => {
    files.set('/a.pt', { ...NPY, tensors: [tensor('x'), tensor('y')] });
    files.set('/b.pt', { ...NPY, tensors: [tensor('z'), tensor('w')] });
    session(['/a.pt', '/b.pt']);
    await settled();
    expect(posted.at(-1)).toEqual({ type: 'failure', message: 'Nothing in common.', cancelled: false });
    files.set('/a.pt', new EngineError(ErrorCode.stopped, 'The engine is gone.'));
    session(['/a.pt', '/b.pt']);
    await vi.waitFor(() => expect(posted.at(-1)).toMatchObject({ message: 'The engine is gone.' }));
    expect(failed).toHaveBeenCalledOnce();
  });
});

it('matrices in common: by name where files hold several, whatever its name where a file holds one', () => {
  const file = (...names: string[]): FileSummary => ({ ...NPY, tensors: names.map((name) => tensor(name)) });
  expect(commonMatrices([file(''), file('embeddings')])).toEqual([{ name: '', tensors: ['', 'embeddings'] }]);
  expect(commonMatrices([file('a', 'b', 'c'), file('x'), file('c', 'b')])).toEqual([
    { name: 'b', tensors: ['b', 'x', 'b'] },
    { name: 'c', tensors: ['c', 'x', 'c'] },
  ]);
  expect(commonMatrices([])).toEqual([]);
});
