import { describe, expect, it, vi } from 'vitest';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { fileOf, RunsModel } = await import('../../src/editor/runs-model');

const run = '/work/runs/exp1';
function waitingFor(checkpoint: string, phrase: string) {
  return { kind: 'notice', run, notice: { kind: 'waiting', checkpoint, waitingFor: phrase } } as const;
}

describe('RunsModel', () => {
  it('has the last report of each run, worst first, and says when that changes', () => {
    const model = new RunsModel();
    const changed = vi.fn();
    model.onDidChange(changed);
    const accept = (path: string, level: 'healthy' | 'collapsed' | 'broken') =>
      model.accept({ kind: 'changed', run: path, report: runReport({ path, level }) });
    accept('/b', 'healthy');
    accept('/a', 'healthy');
    accept('/c', 'collapsed');
    expect(model.runs.map(({ path }) => path)).toEqual(['/c', '/a', '/b']);
    accept('/b', 'broken');
    expect(model.runs.map(({ path }) => path)).toEqual(['/b', '/c', '/a']);
    model.accept({ kind: 'ended', run: '/b' });
    expect(model.runs.map(({ path }) => path)).toEqual(['/c', '/a']);
    expect(changed).toHaveBeenCalledTimes(5);
    model.watch([]);
    expect(model.runs).toEqual([]);
    expect(changed).toHaveBeenCalledTimes(6);
  });

  it('knows the folders that are watched', () => {
    const model = new RunsModel();
    const changed = vi.fn();
    model.onDidChange(changed);
    model.watch(['/work/runs']);
    expect(model.folders).toEqual(['/work/runs']);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('knows what is muted, which comes last', () => {
    const model = new RunsModel(['/a']);
    for (const path of ['/a', '/b']) model.accept({ kind: 'changed', run: path, report: runReport({ path, level: 'broken' }) });
    expect(model.runs.map(({ path }) => path)).toEqual(['/b', '/a']);
    model.mute('/a', false);
    model.mute('/b', true);
    expect([model.isMuted('/a'), model.isMuted('/b'), model.muted]).toEqual([false, true, ['/b']]);
    expect(model.runs.map(({ path }) => path)).toEqual(['/a', '/b']);
  });

  it('finds the run that a path lies in, the innermost one', () => {
    const model = new RunsModel();
    for (const path of ['/runs', '/runs/a', '/runs/ab']) model.accept({ kind: 'changed', run: path, report: runReport({ path }) });
    const found = ['/runs/a', '/runs/a/x.npy', '/runs/ab/x', '/runs/b', '/', '/run'].map((path) => model.runAt(path)?.path);
    expect(found).toEqual(['/runs/a', '/runs/a', '/runs/ab', '/runs', undefined, undefined]);
  });

  it('knows what is waited for until it has come, gone or failed', () => {
    const model = new RunsModel();
    model.accept(waitingFor('generation-2', 'still growing'));
    model.accept(waitingFor('generation-3', 'still growing'));
    model.accept(waitingFor('generation-3', 'waits for latest'));
    const waiting = (name: string, phrase: string) => `Waiting for ${name} to be complete: ${phrase}.`;
    expect(model.status(run)).toEqual([waiting('generation-2', 'still growing'), waiting('generation-3', 'waits for latest')]);
    model.accept({ kind: 'changed', run, report: runReport() });
    expect(model.status(run)).toEqual([waiting('generation-3', 'waits for latest')]);
    model.accept({ kind: 'notice', run, notice: { kind: 'vanished', checkpoint: 'generation-3' } });
    expect(model.status(run)).toEqual([]);
    expect(model.status('/other')).toEqual([]);
  });

  it('says that a folder is out of reach until it is not', () => {
    const model = new RunsModel();
    model.accept({ kind: 'notice', run, notice: { kind: 'unreachable', reason: 'ENOENT' } });
    expect(model.status(run)).toEqual([
      'Its folder cannot be read now (it is not there, was it moved or its disk unmounted?); Sigma goes on trying.',
    ]);
    model.accept({ kind: 'notice', run, notice: { kind: 'reachable' } });
    expect(model.status(run)).toEqual([]);
  });

  it('knows the analysis that runs or is held back, until it is over or the engine has stopped', () => {
    const model = new RunsModel();
    const analysis = (state: 'running' | 'paused' | 'over') => model.accept({ kind: 'analysis', run, checkpoint: 'generation-2', state });
    model.accept(waitingFor('generation-2', 'still growing'));
    analysis('running');
    expect([model.analysing, model.status(run)]).toEqual([true, ['Analysing generation-2.']]);
    analysis('paused');
    expect(model.analysing).toBe(false);
    expect(model.status(run)).toEqual([expect.stringMatching(/^generation-2 is not analysed: its analysis was cancelled/)]);
    analysis('over');
    expect(model.status(run)).toEqual([]);
    analysis('running');
    model.engineStopped();
    expect([model.analysing, model.status(run)]).toEqual([false, []]);
    analysis('running');
    model.accept({ kind: 'ended', run });
    expect(model.status(run)).toEqual([]);
  });
});

describe('the file of a checkpoint', () => {
  it('is the one that is as bad as the checkpoint, else embeddings, else the first; none without any', () => {
    const [, , last] = runReport({ level: 'broken' }).checkpoints;
    const [first] = last!.matrices;
    const broken = { file: 'b.npy', report: { ...first!.report, source: { ...first!.report.source, path: '/b.npy' } } };
    expect(fileOf({ ...last!, matrices: [first!, broken] })?.fsPath).toBe(`${run}/generation-2/embeddings.npy`);
    const worse = { ...broken, report: { ...broken.report, verdict: { ...broken.report.verdict, level: 'broken' } } } as const;
    expect(fileOf({ ...last!, matrices: [first!, worse] })?.fsPath).toBe('/b.npy');
    const weights = { ...broken, report: { ...broken.report, source: { ...broken.report.source, tensor: 'wte' } } };
    expect(fileOf({ ...last!, matrices: [weights, first!] })?.fsPath).toBe(`${run}/generation-2/embeddings.npy`);
    expect(fileOf({ ...last!, matrices: [weights] })?.fsPath).toBe('/b.npy');
    expect(fileOf({ ...last!, matrices: [] })).toBeNull();
  });
});
