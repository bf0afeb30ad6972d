import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineError } from '../../src/engine/protocol';
import { sampleReport } from '../cli/sample-report';
import { comparison } from '../words/comparisons';
import { CancellationError, EventEmitter, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { registerHealthTools } = await import('../../src/editor/lm-tools');
const { RunsModel } = await import('../../src/editor/runs-model');

const root = realpathSync(mkdtempSync(join(tmpdir(), 'sigma-lm-')));
const [workspace, watched] = [join(root, 'workspace'), join(root, 'watched')];
for (const path of [workspace, watched]) mkdirSync(path);
for (const path of [join(workspace, 'a.npy'), join(workspace, 'b.npy'), join(root, 'secret.npy')]) writeFileSync(path, '');
afterAll(() => rmSync(root, { recursive: true }));

const matrix = { name: '', dtype: 'float32', shape: [10, 4], bytes: 160, matrix: { rows: 10, columns: 4 }, note: null };
const engine = {
  inspect: vi.fn(async (path: string) => ({ path, format: 'npy', bytes: 160, tensors: [matrix], warnings: [] })),
  analyze: vi.fn(async (_job: unknown, _watch?: { signal?: AbortSignal }) => sampleReport()),
  compare: vi.fn(async () => comparison()),
  run: vi.fn(async ({ path }: { path: string }) => runReport({ path })),
};
const log = { warn: vi.fn() };
let runs: InstanceType<typeof RunsModel>;
beforeEach(() => {
  vi.clearAllMocks();
  Object.assign(state, { trusted: true, settings: {}, workspaceFolders: [{ uri: Uri.file(workspace) }] });
  state.tools.clear();
  runs = new RunsModel();
  registerHealthTools(engine as never, runs, log as never);
});

function token() {
  const cancelled = new EventEmitter<void>();
  return { isCancellationRequested: false, onCancellationRequested: cancelled.event, cancel: () => cancelled.fire() };
}
async function call(name: string, input: object, cancellation = token()): Promise<string> {
  const result = await state.tools.get(name)!.invoke({ input }, cancellation);
  return result.content.map(({ value }) => value).join('');
}

describe('the tools of the editor', () => {
  it('are two, and end with their registration', () => {
    expect([...state.tools.keys()]).toEqual(['get_model_health', 'compare_model_health']);
  });

  it('ask the person first, with the path as text', () => {
    const prepared = state.tools.get('get_model_health')!.prepareInvocation({ input: { path: 'a*b*.npy' } });
    expect(prepared.invocationMessage).toBe('Reading the spectral health of a*b*.npy');
    expect(prepared.confirmationMessages.message.value).toContain('the spectral health of a*b*.npy. Nothing is changed.');
    const compared = state.tools.get('compare_model_health')!.prepareInvocation({ input: { paths: ['a.npy', 'b.npy'] } });
    expect(compared.confirmationMessages.message.value).toContain('how a.npy, b.npy compare');
  });

  it('answer for a file of the workspace, with its settings', async () => {
    state.settings = { maxRows: 500 };
    expect(await call('get_model_health', { path: 'a.npy' })).toMatch(/^# Healthy: /);
    expect(engine.analyze.mock.calls[0]![0]).toMatchObject({ path: join(workspace, 'a.npy'), options: { rows: 500 }, priority: 'visible' });
  });

  it('compare files', async () => {
    expect(await call('compare_model_health', { paths: ['a.npy', 'b.npy'] })).toMatch(/^# Narrower: B has lost directions/);
  });

  it('answer for a watched run with what is known of it, also outside of the workspace', async () => {
    runs.watch([watched]);
    runs.accept({ kind: 'changed', run: watched, report: runReport({ path: watched, level: 'collapsed' }) });
    expect(await call('get_model_health', { path: watched })).toMatch(/^# Collapsed: run /);
    expect(engine.run).not.toHaveBeenCalled();
  });

  it('have the engine judge any other folder', async () => {
    await call('get_model_health', { path: '.' });
    expect(engine.run).toHaveBeenCalledWith(expect.objectContaining({ path: workspace }), expect.anything());
  });

  it('say nothing of a run whose files lie elsewhere', async () => {
    engine.run.mockResolvedValueOnce(runReport({ path: root }));
    await expect(call('get_model_health', { path: '.' })).rejects.toThrow('is outside of the folders that may be read');
  });

  it('know the step of a file of a watched run', async () => {
    const report = runReport({ path: workspace });
    const matrices = [{ ...report.checkpoints[2]!.matrices[0]! }];
    matrices[0] = {
      ...matrices[0]!,
      report: { ...matrices[0]!.report, source: { ...matrices[0]!.report.source, path: join(workspace, 'a.npy') } },
    };
    const checkpoints = [...report.checkpoints.slice(0, 2), { ...report.checkpoints[2]!, matrices }];
    runs.accept({ kind: 'changed', run: workspace, report: { ...report, checkpoints } });
    expect(await call('get_model_health', { path: 'a.npy' })).toContain('- Step: 2 (checkpoint generation-2 of the run ');
  });

  it('read nothing outside of the workspace and the watched runs', async () => {
    await expect(call('get_model_health', { path: join(root, 'secret.npy') })).rejects.toThrow(
      'is outside of the folders that may be read',
    );
    expect(engine.inspect).not.toHaveBeenCalled();
  });

  it('read nothing in Restricted Mode', async () => {
    state.trusted = false;
    await expect(call('get_model_health', { path: 'a.npy' })).rejects.toThrow(/Restricted Mode\. Ask the person to trust/);
    expect(engine.inspect).not.toHaveBeenCalled();
  });

  it('stop when they are cancelled', async () => {
    const cancellation = token();
    engine.analyze.mockImplementationOnce((_job, watch) => {
      cancellation.cancel();
      return Promise.reject(watch?.signal?.aborted ? EngineError.cancelled() : new Error('went on'));
    });
    await expect(call('get_model_health', { path: 'a.npy' }, cancellation)).rejects.toBeInstanceOf(CancellationError);
  });
});
