import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Level } from '../../src/analysis/report';
import { DiagnosticSeverity, state } from './fake-vscode';
import { runReport } from './run-reports';
import { script, scriptWorkspace, settle } from './scripts';

vi.mock('vscode', () => import('./fake-vscode'));
const { ScriptMentions } = await import('../../src/editor/script-mentions');
const { ScriptProblems } = await import('../../src/editor/script-problems');
const { RunsModel } = await import('../../src/editor/runs-model');

const root = scriptWorkspace();
const exp1 = path.join(root, 'runs/exp1');
const train = path.join(root, 'train.py');
const onset = { name: 'generation-1', step: 1 };
let model: InstanceType<typeof RunsModel>;
let mentions: InstanceType<typeof ScriptMentions>;
let problems: InstanceType<typeof ScriptProblems>;
beforeEach(() => {
  model = new RunsModel();
  mentions = new ScriptMentions(model);
  problems = new ScriptProblems(mentions);
  model.watch([path.join(root, 'runs')]);
  script(train, 'python', 'f(\n  output_dir="runs/exp1",\n)\nsave_dir = "runs/exp1"');
});
afterEach(() => {
  problems.dispose();
  mentions.dispose();
});

async function accept(facts: Parameters<typeof runReport>[0], run = exp1): Promise<void> {
  model.accept({ kind: 'changed', run, report: runReport({ path: run, ...facts }) });
  await settle(mentions);
}
const inScript = () => state.diagnostics.get(`file://${train}`) ?? [];

describe('problems in scripts', () => {
  it('stand where a run is named first, with the newest checkpoint and the onset as related information', async () => {
    await accept({ level: 'collapsing', onset });
    expect(inScript()).toHaveLength(1);
    const [problem] = inScript();
    expect(problem).toMatchObject({
      message: 'runs/exp1: It is losing directions.',
      severity: DiagnosticSeverity.Warning,
      source: 'Sigma',
      code: { value: 'lost-directions' },
      range: { startLine: 1, startCharacter: 14, endLine: 1, endCharacter: 23 },
    });
    expect(problem!.relatedInformation!.map(({ location, message }) => [path.relative(exp1, location.uri.path), message])).toEqual([
      ['generation-2/embeddings.npy', 'Newest checkpoint: generation-2.'],
      ['generation-1/embeddings.npy', 'Onset: generation-1 is the first checkpoint that does not fit the baseline generation-0.'],
    ]);
  });

  it.each<Level>(['healthy', 'watch', 'unknown'])('are none at the level %s', async (level) => {
    await accept({ level });
    expect(state.diagnostics.size).toBe(0);
  });

  it('are errors where numbers are broken', async () => {
    await accept({ level: 'broken' });
    expect(inScript().map(({ severity }) => severity)).toEqual([DiagnosticSeverity.Error]);
  });

  it('are of the worst run below a folder', async () => {
    state.documents = [];
    script(train, 'python', 'output_dir="runs"');
    await accept({ level: 'collapsing' });
    await accept({ level: 'broken' }, path.join(root, 'runs/exp2'));
    expect(inScript().map(({ message }) => message)).toEqual(['runs/exp2: It is losing directions.']);
  });

  it('go when the run recovers, is muted or not watched any more, and when the script is closed', async () => {
    const isShown = async (change: () => void) => {
      change();
      await settle(mentions);
      return inScript().length > 0;
    };
    await accept({ level: 'collapsed' });
    expect(inScript()).toHaveLength(1);
    await accept({ level: 'healthy' });
    expect(inScript()).toEqual([]);
    await accept({ level: 'collapsed' });
    expect(await isShown(() => model.mute(exp1, true))).toBe(false);
    expect(await isShown(() => model.mute(exp1, false))).toBe(true);
    const [document] = state.documents;
    expect(
      await isShown(() => {
        state.documents = [];
        state.documentClosed.fire(document);
      }),
    ).toBe(false);
    state.documents = [document];
    expect(await isShown(() => state.documentOpened.fire(document))).toBe(true);
    expect(await isShown(() => model.accept({ kind: 'ended', run: exp1 }))).toBe(false);
  });
});
