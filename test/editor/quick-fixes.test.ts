import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Diagnostic, DiagnosticRelatedInformation, Location, Position, Range, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { QuickFixes } = await import('../../src/editor/quick-fixes');
const { RunProblems } = await import('../../src/editor/run-problems');
const { RunsModel } = await import('../../src/editor/runs-model');

const run = '/work/runs/exp1';
const newest = Uri.file(`${run}/generation-2/embeddings.npy`);
let model: InstanceType<typeof RunsModel>;
beforeEach(() => {
  state.diagnostics.clear();
  model = new RunsModel();
  new RunProblems(model);
  model.accept({ kind: 'changed', run, report: runReport({ level: 'collapsed' }) });
});

function fixes(uri: Uri, diagnostics: readonly Diagnostic[]) {
  const actions = new QuickFixes(model).provideCodeActions({ uri } as never, null, { diagnostics } as never);
  return actions.map(({ title, command, diagnostics }) => ({
    title,
    command: command!.command,
    arguments: command!.arguments,
    diagnostics,
  }));
}
function problem(source: string): Diagnostic {
  return Object.assign(new Diagnostic(new Range(0, 0, 0, 0), 'text', 1), { source });
}
const ofRun = (diagnostic: Diagnostic) => [
  { title: 'Open Run', command: 'sigma.openRun', arguments: [run], diagnostics: [diagnostic] },
  { title: 'Open Report', command: 'sigma.openReport', arguments: [run], diagnostics: [diagnostic] },
  { title: 'Compare with Baseline', command: 'sigma.compareWithBaseline', arguments: [run], diagnostics: [diagnostic] },
  { title: 'Pin a Baseline…', command: 'sigma.pinBaseline', arguments: [run], diagnostics: [diagnostic] },
  { title: 'Mute This Run', command: 'sigma.muteRun', arguments: [run], diagnostics: [diagnostic] },
];

describe('quick fixes', () => {
  it('of a problem of a run open it, its report and a comparison, pin a baseline and mute it', () => {
    const [diagnostic] = state.diagnostics.get(newest.toString())!;
    expect(fixes(newest, [diagnostic!])).toEqual(ofRun(diagnostic!));
  });

  it('of a problem in a script are those of the run that it points at', () => {
    const diagnostic = problem('Sigma');
    diagnostic.relatedInformation = [new DiagnosticRelatedInformation(new Location(newest, new Position(0, 0)), 'here')];
    expect(fixes(Uri.file('/work/train.py'), [diagnostic])).toEqual(ofRun(diagnostic));
  });

  it('of another file of ours open its report, and of a problem of others there are none', () => {
    const uri = Uri.file('/work/a.csv');
    const diagnostic = problem('Sigma');
    expect(fixes(uri, [problem('pyright'), diagnostic])).toEqual([
      { title: 'Open Report', command: 'sigma.analyze', arguments: [uri], diagnostics: [diagnostic] },
    ]);
    expect(fixes(newest, [problem('pyright')])).toEqual([]);
  });
});
