import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { state } from './fake-vscode';
import { runReport } from './run-reports';
import { QUIET, script, scriptWorkspace, settle } from './scripts';

vi.mock('vscode', () => import('./fake-vscode'));
const { ScriptMentions } = await import('../../src/editor/script-mentions');
const { RunsModel } = await import('../../src/editor/runs-model');

const root = scriptWorkspace();
const at = (...names: string[]) => path.join(root, ...names);
type Document = ReturnType<typeof script>;
let model: InstanceType<typeof RunsModel>;
let mentions: InstanceType<typeof ScriptMentions>;
beforeEach(() => {
  model = new RunsModel();
  mentions = new ScriptMentions(model);
});
afterEach(() => mentions.dispose());

function accept(run: string): void {
  model.accept({ kind: 'changed', run, report: runReport({ path: run }) });
}
/** Line, folder and runs of each mention, relative to the workspace. */
function found(document: Document): unknown[] {
  const relative = (folder: string) => path.relative(root, folder) || '.';
  return mentions
    .of(document)
    .map(({ reference, folder, runs }) => [reference.line, relative(folder), runs.map((run) => relative(run.path))]);
}

describe('ScriptMentions', () => {
  it('reads nothing while no folder is watched', () => {
    const document = script(at('train.py'), 'python', 'output_dir="runs/exp1"');
    state.documentOpened.fire(document);
    state.documentChanged.fire({ document });
    vi.advanceTimersByTime(10 * QUIET);
    expect(vi.getTimerCount()).toBe(0);
    expect(document.reads).toBe(0);
    expect(found(document)).toEqual([]);
  });

  it('finds the run of a folder, of its checkpoint, and those below a folder; no folder that does not exist', async () => {
    const names = ['runs/exp1', './runs/exp1/', 'runs/exp1/generation-1', 'runs', 'runs/exp3', root, 'train.py'];
    const document = script(at('train.py'), 'python', names.map((name) => `output_dir="${name}"`).join('\n'));
    model.watch([at('runs')]);
    accept(at('runs/exp1'));
    accept(at('runs/exp2'));
    await settle(mentions);
    expect(found(document)).toEqual([
      [0, 'runs/exp1', ['runs/exp1']],
      [1, 'runs/exp1', ['runs/exp1']],
      [2, 'runs/exp1/generation-1', ['runs/exp1']],
      [3, 'runs', ['runs/exp1', 'runs/exp2']],
      [5, '.', ['runs/exp1', 'runs/exp2']],
    ]);
  });

  it('mentions a folder that is not watched without runs, and not at all one that is watched and has not reported', async () => {
    const document = script(
      at('train.py'),
      'python',
      'output_dir="runs/exp1"\nsave_dir="logs"\nrun_dir="runs"\nwork_dir="runs/exp1/generation-1"',
    );
    model.watch([at('runs/exp1')]);
    await settle(mentions);
    expect(found(document)).toEqual([[1, 'logs', []]]);
  });

  it('takes no folder within a run for the run', async () => {
    const document = script(at('train.py'), 'python', 'output_dir="logs"');
    model.watch([root]);
    accept(root);
    await settle(mentions);
    expect(found(document)).toEqual([]);
  });

  it('resolves against the folder of the script, then that of the workspace', async () => {
    const document = script(at('scripts/train.py'), 'python', 'output_dir="logs"\noutput_dir="runs/exp1"\noutput_dir="../runs/exp2"');
    model.watch([at('no-runs')]);
    await settle(mentions);
    expect(found(document)).toEqual([
      [0, 'scripts/logs', []],
      [1, 'runs/exp1', []],
      [2, 'runs/exp2', []],
    ]);
  });

  it('reads languages that it knows, cells of notebooks, and TOML by its name, from files only', async () => {
    const yes = [
      script(at('a.yaml'), 'yaml', 'output_dir: logs'),
      script(at('a.json'), 'json', '{"output_dir": "logs"}'),
      script(at('a.toml'), 'plaintext', 'output_dir = "logs"'),
      script(at('a.sh'), 'shellscript', 'x --output_dir logs'),
      script(at('a.ipynb'), 'python', 'output_dir = "logs"', 'vscode-notebook-cell'),
    ];
    const no = [
      script(at('a.md'), 'markdown', 'output_dir="logs"'),
      script(at('a.txt'), 'plaintext', 'output_dir = "logs"'),
      script(at('a.py'), 'python', 'output_dir = "logs"', 'git'),
    ];
    model.watch([at('runs')]);
    await settle(mentions);
    expect(yes.map(found)).toEqual(yes.map(() => [[0, 'logs', []]]));
    expect(no.flatMap(found)).toEqual([]);
    expect(mentions.documents).toHaveLength(yes.length);
  });

  it('waits for a moment of rest, and reads a text again only when it has changed', async () => {
    const document = script(at('train.py'), 'python', 'output_dir="logs"');
    model.watch([at('runs')]);
    await settle(mentions);
    Object.assign(document, { text: '\noutput_dir="logs"', version: 2 });
    state.documentChanged.fire({ document });
    vi.advanceTimersByTime(QUIET - 1);
    state.documentChanged.fire({ document });
    vi.advanceTimersByTime(QUIET - 1);
    expect(document.reads).toBe(1);
    await settle(mentions);
    expect(found(document)).toEqual([[1, 'logs', []]]);
    accept(at('runs/exp1'));
    await settle(mentions);
    expect(document.reads).toBe(2);
  });

  it('is not kept waiting by runs that report all the time', async () => {
    const changed = vi.fn();
    mentions.onDidChange(changed);
    script(at('train.py'), 'python', 'output_dir="logs"');
    model.watch([at('runs')]);
    for (let i = 0; i < 3; i++) {
      vi.advanceTimersByTime(QUIET - 50);
      accept(at('runs/exp1'));
    }
    await vi.waitFor(() => expect(changed).toHaveBeenCalled());
  });

  it('finds a folder once it is there, forgets what is closed, and everything when nothing is watched any more', async () => {
    const document = script(at('train.py'), 'python', 'output_dir="runs/new"');
    model.watch([at('no-runs')]);
    await settle(mentions);
    expect(found(document)).toEqual([]);
    mkdirSync(at('runs/new'));
    accept(at('runs/exp1'));
    await settle(mentions);
    expect(found(document)).toEqual([[0, 'runs/new', []]]);
    state.documents = [];
    state.documentClosed.fire(document);
    await settle(mentions);
    expect(mentions.documents).toEqual([]);

    state.documents = [document];
    state.documentOpened.fire(document);
    await settle(mentions);
    expect(mentions.documents).toHaveLength(1);
    model.watch([]);
    await settle(mentions);
    expect(mentions.documents).toEqual([]);
  });

  it('says nothing after it is disposed of', async () => {
    const changed = vi.fn();
    mentions.onDidChange(changed);
    script(at('train.py'), 'python', 'output_dir="logs"');
    model.watch([at('runs')]);
    vi.advanceTimersByTime(QUIET);
    mentions.dispose();
    await new Promise((resolve) => setImmediate(resolve));
    expect(changed).not.toHaveBeenCalled();
    model.watch([at('runs'), at('logs')]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
