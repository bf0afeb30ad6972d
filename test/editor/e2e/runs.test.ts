import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { Panel } from '../harness/panel';
import { EditorSession, repository } from '../harness/session';

const patience = { timeout: 45_000 };

/** A run that collapses, and a setting that has it watched. */
function fill(folder: string): void {
  cpSync(path.join(repository, 'samples/replace-s0'), path.join(folder, 'runs/exp1'), { recursive: true });
  mkdirSync(path.join(folder, '.vscode'));
  writeFileSync(
    path.join(folder, '.vscode/settings.json'),
    JSON.stringify({ 'sigma.runs': [{ path: 'runs/exp1', baseline: 'generation-0' }] }),
  );
}
const status = ({ workbench }: EditorSession) => workbench.page.getByRole('button', { name: /^Sigma: 1 run, / });

describe.skipIf(findChromium() === null)('a watched run in a real editor', () => {
  let session: EditorSession;

  beforeAll(async () => {
    session = await EditorSession.start(fill);
  });
  afterAll(() => session?.stop());
  afterEach((context) => session.explainFailure(context));

  test('its collapse stands under Problems and in the status bar', async () => {
    const problem = (await session.workbench.problems()).filter({ hasText: 'runs/exp1' }).filter({ hasText: 'left its baseline' });
    await problem.first().waitFor(patience);
    await session.workbench.page
      .getByText(/^Onset: generation-\d+ is the first checkpoint that does not fit/)
      .first()
      .waitFor();
    await vi.waitFor(async () => expect(await status(session).getAttribute('aria-label')).toMatch(/collaps/), patience);
    await session.screenshot('watched run');
  });

  test('Show Runs leads to a checkpoint in the spectral panel', async () => {
    const { workbench } = session;
    const row = (text: string) => workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
    // A list closes when something else takes the focus; then it is opened anew.
    await vi.waitFor(async () => {
      await workbench.command('Sigma: Show Runs');
      await row('runs/exp1').click({ timeout: 3000 });
      await row('generation-7').click({ timeout: 3000 });
    }, patience);
    await new Panel(workbench).finished();
    await workbench.closeEditors();
  });

  test('a folder is watched no more, and again, from the Explorer', async () => {
    const { workbench } = session;
    const folder = () => workbench.explorerItem('runs', 'exp1');
    await workbench.choose(await folder(), 'Sigma: Stop Watching This Run');
    await status(session).waitFor({ state: 'hidden' });
    await workbench.choose(await folder(), 'Sigma: Watch This Run');
    await status(session).waitFor(patience);
  });
});

describe.skipIf(findChromium() === null)('a run in Restricted Mode', () => {
  let session: EditorSession;

  beforeAll(async () => {
    session = await EditorSession.start(fill, { trust: false });
  });
  afterAll(() => session?.stop());
  afterEach((context) => session.explainFailure(context));

  test('is not watched until trust is granted', async () => {
    const { workbench } = session;
    const restricted = workbench.page.getByRole('button', { name: /^Restricted Mode/ });
    await restricted.waitFor();
    // Longer than the watch of a trusted window needs to start.
    await setTimeout(5000);
    expect(session.enginePids()).toEqual([]);
    await restricted.click();
    await workbench.page.getByRole('button', { name: 'Trust', exact: true }).first().click();
    await status(session).waitFor(patience);
    expect(session.enginePids()).toHaveLength(1);
  });
});
