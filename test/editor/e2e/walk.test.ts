import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import manifest from '../../../package.json';
import { findChromium } from '../../../scripts/chromium.mjs';
import { Panel } from '../harness/panel';
import { EditorSession } from '../harness/session';
import { COLLAPSING_STEPS, collapsingTrainer, HEALTHY_STEPS } from '../harness/trainer';

const patience = { timeout: 45_000 };

const TRAIN = `from transformers import Trainer, TrainingArguments

args = TrainingArguments(
    output_dir="runs/exp1",
    save_steps=100,
    learning_rate=2e-3,
)
Trainer(model=model, args=args, train_dataset=generations).train()
`;

/** A project before its first training: a script, and a committed setting that has its runs watched. */
function fill(folder: string): void {
  writeFileSync(path.join(folder, 'train.py'), TRAIN);
  mkdirSync(path.join(folder, '.vscode'));
  writeFileSync(path.join(folder, '.vscode/settings.json'), JSON.stringify({ 'sigma.runs': ['runs'] }));
}

/** One walk: each test goes on where the one before it ended. Its pictures stay in test/screenshots/walk/. */
describe.skipIf(findChromium() === null)('a person who trains a model that collapses', () => {
  let session: EditorSession;
  let pictures = 0;

  beforeAll(async () => {
    session = await EditorSession.start(fill);
  });
  afterAll(() => session?.stop());
  afterEach((context) => session.explainFailure(context));

  const page = () => session.workbench.page;
  const picture = (name: string) => session.screenshot(`walk/${inject('edition')}/${++pictures} ${name}`);
  const save = async (steps: readonly number[]) => {
    const trainer = collapsingTrainer(path.join(session.workspace, 'runs/exp1'));
    for (const step of steps) await trainer.save(step);
  };
  const lens = (text: RegExp) => page().locator('.codelens-decoration a', { hasText: text });
  const status = (text: RegExp) => page().getByRole('button', { name: text });
  const notification = () =>
    page()
      .locator('.notification-toast', { hasText: /runs\/exp1: Collaps/ })
      .first();
  const problem = async (place: string) =>
    (await session.workbench.problems()).filter({ hasText: 'left its baseline' }).filter({ hasText: place }).first();
  const row = (name: RegExp): Locator =>
    page()
      .getByRole('tree', { name: /Model Health/ })
      .getByRole('treeitem', { name })
      .first();
  /** What the code of a problem on a checkpoint leads to: the editor has no light bulb for a binary file. */
  const fix = async (...choices: readonly RegExp[]) => {
    // A list closes when something else takes the focus; then it is opened anew.
    await vi.waitFor(async () => {
      await page().keyboard.press('Escape');
      await (await problem('Ln 1, Col 1')).getByRole('button', { name: /lost-directions/ }).click();
      for (const choice of choices)
        await page().locator('.quick-input-list .monaco-list-row', { hasText: choice }).click({ timeout: 3000 });
    }, patience);
  };

  test('opens the folder, in the edition of the editor that is asked for', async () => {
    const { workbench, editor } = session;
    const about = await workbench.about();
    console.log(`The ${inject('edition')} edition: ${about.join(', ')}`);
    expect(about).toContain(`Code: ${editor.version}`);
    if (inject('edition') === 'oldest') expect(`^${editor.version.replace(/\d+$/, '0')}`).toBe(manifest.engines.vscode);
    await (await workbench.explorerItem('train.py')).dblclick();
    await workbench.tab('train.py').waitFor();
    await picture('a folder with a training script');
  });

  test('starts the training, and the script says that it goes well', async () => {
    await save(HEALTHY_STEPS);
    await lens(/healthy\s·\s3\scheckpoints$/).waitFor(patience);
    await status(/^Sigma: 1 run, healthy/).waitFor(patience);
    await picture('a healthy run');
  });

  test('is told of the collapse, and reads it in the script, under Problems and in the status bar', async () => {
    const training = save(COLLAPSING_STEPS);
    await notification().waitFor(patience);
    // One that nobody points at goes after a while.
    await notification().hover();
    await training;
    await lens(/collaps\w+\ssince\scheckpoint-\d+\s·\s11\scheckpoints$/).waitFor(patience);
    await status(/^Sigma: 1 run, collaps/).waitFor();
    await (await problem('Ln 4, Col 17')).waitFor();
    await (await problem('Ln 1, Col 1')).waitFor();
    await picture('a collapsing run');
  });

  test('opens the panel of the run from the notification, and is not told again', async () => {
    await notification().getByRole('button', { name: 'Show', exact: true }).click();
    await session.workbench.tab('runs/exp1').waitFor(patience);
    await new Panel(session.workbench).verdict.getByRole('heading', { name: /^Collaps/ }).waitFor(patience);
    await notification().waitFor({ state: 'hidden' });
    await picture('the panel of the run');
  });

  test('sees in the Explorer which checkpoints are affected', async () => {
    const badge = (...names: string[]) => session.workbench.badge('runs', 'exp1', ...names);
    await vi.waitFor(async () => expect(await badge('checkpoint-1000')).toMatch(/^\u2193+$/), patience);
    expect(await badge('checkpoint-1100', 'model.safetensors')).toMatch(/^1, \u2193+$/);
    expect(await badge('checkpoint-300')).toBe('');
    await picture('badges in the Explorer');
  });

  test('opens the spectrum of the checkpoint from its problem', async () => {
    await (await problem('Ln 1, Col 1')).click();
    await page()
      .getByRole('tab', { name: /^model\.safetensors/ })
      .waitFor(patience);
    await new Panel(session.workbench).finished();
    await picture('the spectrum of the checkpoint');
  });

  test('compares the checkpoint with the baseline', async () => {
    await fix(/^Compare with Baseline/);
    await page()
      .getByRole('tab', { name: /^Comparison/ })
      .waitFor(patience);
    const panel = new Panel(session.workbench);
    await panel.verdict.getByRole('heading', { name: /narrower/i }).waitFor(patience);
    await panel.finished();
    await picture('the comparison');
  });

  test('pins the last good checkpoint as the baseline', async () => {
    await fix(/^Pin a Baseline/, /^checkpoint-300/);
    const settings = path.join(session.workspace, '.vscode/settings.json');
    await vi.waitFor(() => {
      expect(JSON.parse(readFileSync(settings, 'utf8'))).toEqual({
        'sigma.runs': ['runs', { path: 'runs/exp1', baseline: 'checkpoint-300' }],
      });
    }, patience);
    await session.workbench.command('Sigma: Show Model Health');
    await row(/^runs\/exp1, Collaps/).waitFor(patience);
    await row(/^runs\/exp1, Collaps/).click();
    await row(/^checkpoint-300, .*baseline/).waitFor(patience);
    await picture('a pinned baseline');
  });

  test('mutes the run, and hears and sees nothing of it any more', async () => {
    await fix(/^Mute This Run/);
    await row(/^runs\/exp1, Collaps.*muted/).waitFor(patience);
    await status(/^Sigma: all runs muted/).waitFor(patience);
    await (await problem('')).waitFor({ state: 'detached', ...patience });
    await picture('a muted run');
  });
});
