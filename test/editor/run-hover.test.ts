import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exact } from '../../src/spectral/bounded';
import { Position, state } from './fake-vscode';
import { runReport } from './run-reports';
import { script, scriptWorkspace, settle } from './scripts';

vi.mock('vscode', () => import('./fake-vscode'));
const { ScriptMentions } = await import('../../src/editor/script-mentions');
const { RunHover } = await import('../../src/editor/run-hover');
const { RunsModel } = await import('../../src/editor/runs-model');

const root = scriptWorkspace();
const exp1 = path.join(root, 'runs/exp1');
const onset = { name: 'generation-1', step: 1 };
const ranks = [40, 30, 10];
interface Text {
  value: string;
  isTrusted: { enabledCommands: string[] };
  supportHtml?: boolean;
}
let model: InstanceType<typeof RunsModel>;
let mentions: InstanceType<typeof ScriptMentions>;
beforeEach(() => {
  model = new RunsModel();
  mentions = new ScriptMentions(model);
  model.watch([path.join(root, 'runs')]);
});
afterEach(() => mentions.dispose());

/** A collapsing run with another effective rank at each checkpoint. */
function report(run = exp1) {
  const healthy = runReport({ path: run, level: 'collapsing', onset });
  return {
    ...healthy,
    checkpoints: healthy.checkpoints.map((checkpoint, i) => ({
      ...checkpoint,
      matrices: checkpoint.matrices.map(({ file, report }) => ({
        file,
        report: { ...report, quantities: { ...report.quantities, effectiveRank: exact(ranks[i]!) } },
      })),
    })),
  };
}
async function hover(character = 15, text = 'output_dir="runs/exp1"'): Promise<Text[] | null> {
  const document = script(path.join(root, 'train.py'), 'python', text);
  state.documentOpened.fire(document);
  await settle(mentions);
  const found = new RunHover(mentions).provideHover(document, new Position(0, character) as never);
  return found === null ? null : (found.contents as never as Text[]);
}
function accept(changed = report()): void {
  model.accept({ kind: 'changed', run: changed.path, report: changed });
}

/** What is read where the escapes are. */
function plain(markdown: string): string {
  return markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1');
}

describe('the hover', () => {
  it('says what the problem above it does not: how it is, other reasons, where to, the effective rank, and leads on', async () => {
    accept({
      ...report(),
      reasons: [...runReport().reasons, { code: 'x', message: 'It loses rows.' }],
      forecast: { quantity: 'effectiveRank', threshold: 20, step: 14, lower: 12, upper: 19, confidence: 0.9 } as never,
    });
    const [text] = (await hover())!;
    const [image] = /!\[.*?\]\(data:image\/svg\+xml;base64,[^)]*\)/.exec(text!.value)!;
    const uri = (checkpoint: string) => encodeURIComponent(JSON.stringify([`file://${exp1}/${checkpoint}/embeddings.npy`]));
    const run = encodeURIComponent(JSON.stringify([exp1]));
    expect(plain(text!.value.replace(image, 'IMAGE')).split('\n\n')).toEqual([
      '**Collapsing** · runs/exp1',
      'IMAGE',
      'Effective rank: 10 of 100 directions, exact',
      'At the baseline generation-0: 40',
      'It loses rows.',
      "Forecast: effective rank is forecast to fall below 20, half of the baseline's, at step 14, between 12 and 19 (90 %).",
      `[Show checkpoints](command:sigma.showHealth?${run}) · [Open the newest](command:sigma.analyze?${uri('generation-2')}) · ` +
        `[Open the onset](command:sigma.analyze?${uri('generation-1')}) · [Mute](command:sigma.muteRun?${run})`,
    ]);
    expect(image).toContain('![Effective rank over 3 checkpoints: from 40 to 10]');
    expect(text!.isTrusted).toEqual({ enabledCommands: ['sigma.showHealth', 'sigma.analyze', 'sigma.muteRun'] });
    expect(text!.supportHtml).toBeUndefined();
  });

  it('says why and since when where no problem stands above it', async () => {
    accept();
    state.documents = [];
    script(path.join(root, 'train.py'), 'python', 'save_dir="runs/exp1"\noutput_dir="runs/exp1"');
    await settle(mentions);
    const at = (line: number) => {
      const { contents } = new RunHover(mentions).provideHover(state.documents[0] as never, new Position(line, 15) as never)!;
      return plain((contents as never as Text[])[0]!.value);
    };
    expect(at(0)).not.toContain('It is losing directions.');
    expect(at(0)).not.toContain('Onset');
    expect(at(1)).toContain('It is losing directions.\n\nOnset: generation-1, the first that does not fit the baseline generation-0.\n');
  });

  it('stands on the path alone', async () => {
    accept();
    expect(await hover(11)).toBeNull();
    expect(await hover(12)).not.toBeNull();
    expect(await hover(21)).not.toBeNull();
    expect(await hover(22)).toBeNull();
  });

  it('is none for a folder that is not watched', async () => {
    expect(await hover(13, 'output_dir="logs"')).toBeNull();
  });

  it('says that a run is muted and unmutes it', async () => {
    accept();
    model.mute(exp1, true);
    const [text] = (await hover())!;
    expect(plain(text!.value)).toMatch(/^\*\*Collapsing\*\* · runs\/exp1, muted\n/);
    expect(text!.value).toContain('[Unmute](command:sigma.unmuteRun?');
  });

  it('shows the three worst runs below a folder and counts the others', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) accept(report(path.join(root, 'runs', name)));
    const texts = (await hover(13, 'output_dir="runs"'))!;
    expect(texts.map(({ value }) => plain(value).split('\n')[0])).toEqual([
      ...['a', 'b', 'c'].map((name) => `**Collapsing** · runs/${name}`),
      'And 2 more runs.',
    ]);
  });

  it('draws nothing from one checkpoint', async () => {
    const one = report();
    accept({ ...one, checkpoints: one.checkpoints.slice(0, 1), onset: null });
    const [text] = (await hover())!;
    expect(text!.value).not.toContain('![');
    expect(text!.value).not.toContain('At the baseline');
  });

  it('lets no text from a disk be more than text', async () => {
    const hostile = '](command:workbench.action.quit)<img src=x>`*[x &amp; https://x.y \\';
    const folder = path.join(root, 'runs', 'a) [x](command:evil)');
    const changed = report(folder);
    const rename = (name: string) => (name === 'generation-2' ? name : `${name}${hostile}`);
    accept({
      ...changed,
      baseline: rename('generation-0'),
      onset: { name: rename('generation-1'), step: 1 },
      reasons: [{ code: 'x', message: hostile }],
      checkpoints: changed.checkpoints.map((checkpoint) => ({ ...checkpoint, name: rename(checkpoint.name) })),
    });
    const [text] = (await hover(13, 'output_dir="runs"'))!;
    expect(plain(text!.value)).toContain(hostile);
    // What is left is what a reader of Markdown acts upon.
    const raw = text!.value.replace(/\\[!-/:-@[-`{-~]/g, '');
    expect(raw).not.toMatch(/[<&`]|https:/);
    // Every link ends where its command does.
    for (const [, target] of raw.matchAll(/\]\(([^)]*)\)/g))
      expect(target).toMatch(/^(command:sigma\.\w+\?[\w%.~!*'-]+|data:image\/svg\+xml;base64,[\w+/=]+)$/);
    expect(raw.match(/\]\(/g)).toHaveLength(5);
  });
});
