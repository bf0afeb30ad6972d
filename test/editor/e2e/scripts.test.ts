import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { Panel } from '../harness/panel';
import { EditorSession, repository } from '../harness/session';

const patience = { timeout: 45_000 };

const TRAIN = `from transformers import Trainer, TrainingArguments

args = TrainingArguments(
    output_dir="runs/exp1",
    learning_rate=1e-4,
    logging_dir="logs",
)
trainer = Trainer(model=model, args=args)
`;

/** A run that collapses, a setting that has it watched, and a script that names it. */
function fill(folder: string): void {
  cpSync(path.join(repository, 'samples/replace-s0'), path.join(folder, 'runs/exp1'), { recursive: true });
  mkdirSync(path.join(folder, 'saves'));
  writeFileSync(path.join(folder, 'train.py'), TRAIN);
  writeFileSync(path.join(folder, 'config.yaml'), 'base_model: x\noutput_dir: ./runs/exp1\nsave_dir: saves\n');
  mkdirSync(path.join(folder, '.vscode'));
  const run = { path: 'runs/exp1', baseline: 'generation-0' };
  writeFileSync(path.join(folder, '.vscode/settings.json'), JSON.stringify({ 'sigma.runs': [run], 'sigma.inline.text': 'problems' }));
}

describe.skipIf(findChromium() === null)('a training script in a real editor', () => {
  let session: EditorSession;
  const lens = (text: RegExp) => session.workbench.page.locator('.codelens-decoration a', { hasText: text });
  const open = async (file: string) => (await session.workbench.explorerItem(file)).dblclick();

  beforeAll(async () => {
    session = await EditorSession.start(fill);
  });
  afterAll(() => session?.stop());
  afterEach((context) => session.explainFailure(context));

  test('says above the line, behind it and under Problems that its run collapses', async () => {
    await open('train.py');
    await lens(/collaps\w+\ssince\sgeneration-\d+\s·\s11\scheckpoints$/).waitFor(patience);
    const problem = (await session.workbench.problems()).filter({ hasText: 'runs/exp1' }).filter({ hasText: 'Ln 4, Col 17' });
    await problem.first().waitFor(patience);
    await session.screenshot('script with a collapsing run');
  });

  test('says more where the path is pointed at', async () => {
    const { page } = session.workbench;
    // What is written there is drawn in pieces, but underlined in one.
    const underline = (await page.locator('.squiggly-warning').first().boundingBox())!;
    await page.mouse.move(underline.x + underline.width / 2, underline.y + underline.height / 2);
    const hover = page.locator('.monaco-hover', { hasText: 'Show checkpoints' });
    await hover.waitFor();
    const image = hover.getByRole('img', { name: /^Effective rank over 11 checkpoints: from / });
    expect(await image.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth)).toBe(240);
    await hover.getByRole('link', { name: 'Show checkpoints' }).scrollIntoViewIfNeeded();
    await session.screenshot('hover on a collapsing run');
    await page.keyboard.press('Escape');
  });

  test('leads to the report of the newest checkpoint', async () => {
    await lens(/^open\sgeneration-10$/).click();
    await new Panel(session.workbench).finished();
    await session.workbench.closeEditors();
  });

  test('offers in a configuration to watch a folder that is not watched, and then offers it no more', async () => {
    await open('config.yaml');
    await lens(/collaps/).waitFor(patience);
    const watch = lens(/^Sigma:\swatch\sthis\srun$/);
    await session.screenshot('configuration with a folder to watch');
    await watch.click();
    await watch.waitFor({ state: 'detached', ...patience });
  });
});
