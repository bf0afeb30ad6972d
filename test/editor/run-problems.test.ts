import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Level } from '../../src/analysis/report';
import { DiagnosticSeverity, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { RunProblems } = await import('../../src/editor/run-problems');
const { RunsModel } = await import('../../src/editor/runs-model');

const onset = { name: 'generation-1', step: 1 };
const alarm = { name: 'generation-2', step: 2 };
const newest = 'file:///work/runs/exp1/generation-2/embeddings.npy';

let model: InstanceType<typeof RunsModel>;
beforeEach(() => {
  state.diagnostics.clear();
  state.workspaceFolders = [{ uri: Uri.file('/work') }];
  model = new RunsModel();
  new RunProblems(model);
});

function accept(report = runReport()): void {
  model.accept({ kind: 'changed', run: report.path, report });
}

describe('problems of runs', () => {
  it('stand on the newest checkpoint, with onset and alarm as related information', () => {
    accept(runReport({ level: 'collapsing', onset, alarm }));
    expect([...state.diagnostics.keys()]).toEqual([newest]);
    const [problem, ...others] = state.diagnostics.get(newest)!;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      message: 'runs/exp1: It is losing directions.',
      severity: DiagnosticSeverity.Warning,
      source: 'Sigma',
      code: { value: 'lost-directions' },
    });
    expect(problem!.relatedInformation!.map(({ location, message }) => [location.uri.path, message])).toEqual([
      [
        '/work/runs/exp1/generation-1/embeddings.npy',
        'Onset: generation-1 is the first checkpoint that does not fit the baseline generation-0.',
      ],
      ['/work/runs/exp1/generation-2/embeddings.npy', 'Alarm: at generation-2 that became certain.'],
    ]);
  });

  it('name a checkpoint that is onset and alarm once, and none where there is no onset', () => {
    accept(runReport({ level: 'collapsed', onset, alarm: onset }));
    expect(state.diagnostics.get(newest)![0]!.relatedInformation).toHaveLength(1);
    accept(runReport({ level: 'broken' }));
    expect(state.diagnostics.get(newest)![0]).toMatchObject({ severity: DiagnosticSeverity.Error, relatedInformation: [] });
  });

  it.each<Level>(['healthy', 'watch', 'unknown'])('are none at the level %s', (level) => {
    accept(runReport({ level }));
    expect(state.diagnostics.size).toBe(0);
  });

  it('move on to a newer checkpoint, and go when the run is not watched any more', () => {
    const report = runReport({ level: 'collapsed' });
    accept({ ...report, checkpoints: report.checkpoints.slice(0, 2) });
    expect([...state.diagnostics.keys()]).toEqual([newest.replace('generation-2', 'generation-1')]);
    accept(report);
    expect([...state.diagnostics.keys()]).toEqual([newest]);
    model.accept({ kind: 'ended', run: report.path });
    expect(state.diagnostics.size).toBe(0);
  });
});
