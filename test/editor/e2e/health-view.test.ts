import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { Panel } from '../harness/panel';
import { EditorSession, repository } from '../harness/session';

const patience = { timeout: 45_000 };
const samples = path.join(repository, 'samples/replace-s0');

describe.skipIf(findChromium() === null)('Model Health in a real editor', () => {
  let session: EditorSession;

  beforeAll(async () => {
    session = await EditorSession.start((folder) => mkdirSync(path.join(folder, 'runs/exp1'), { recursive: true }));
  });
  afterAll(() => session?.stop());
  afterEach((context) => session.explainFailure(context));

  /** The trainer saves generations. */
  function save(...generations: readonly number[]): void {
    for (const generation of generations) {
      const folder = path.join(session.workspace, 'runs/exp1', `generation-${generation}`);
      mkdirSync(folder, { recursive: true });
      cpSync(path.join(samples, `generation-${generation}/embeddings.npy`), path.join(folder, 'embeddings.npy'));
    }
  }
  const page = () => session.workbench.page;
  const view = () => page().getByRole('tree', { name: /Model Health/ });
  const row = (name: RegExp): Locator => view().getByRole('treeitem', { name }).first();
  const setting = () => JSON.parse(readFileSync(path.join(session.workspace, '.vscode/settings.json'), 'utf8'))['sigma.runs'];

  test('teaches while nothing is watched, and opens the sample', async () => {
    const { workbench } = session;
    await workbench.command('Sigma: Show Model Health');
    await page()
      .getByText(/^Sigma watches training runs/)
      .waitFor(patience);
    await session.screenshot('model health empty');
    await page().getByRole('button', { name: 'Open the Sample' }).click();
    await new Panel(workbench).finished();
    await workbench.closeEditors();
  });

  test('lists a run from its first checkpoint on, and says once that it collapses', async () => {
    const { workbench } = session;
    session.configure({ 'sigma.runs': ['runs', { path: 'other' }] });
    save(0, 1, 2);
    await row(/^exp1|^runs\/exp1/).waitFor(patience);
    await session.screenshot('model health at first');
    save(3, 4, 5, 6, 7, 8, 9, 10);
    await row(/runs\/exp1, Collaps/).waitFor(patience);
    const toast = page().locator('.notification-toast', { hasText: 'runs/exp1' });
    await toast.first().waitFor(patience);
    await toast.getByRole('button', { name: 'Show', exact: true }).first().click();
    await workbench.tab('runs/exp1').waitFor(patience);
    await workbench.closeEditors();
    await row(/runs\/exp1, Collaps/).click();
    await row(/^generation-10, Collaps/).waitFor(patience);
    await row(/^generation-10, Collaps/).click();
    await row(/^embeddings\.npy, /).waitFor();
    await session.screenshot('model health');
  });

  test('the Explorer has badges on checkpoints, beside the count of problems on the newest', async () => {
    await session.workbench.command('View: Show Explorer');
    const badge = (...names: string[]) => session.workbench.badge('runs', 'exp1', ...names);
    await vi.waitFor(async () => expect(await badge('generation-9')).toBe('\u2193\u2193'), patience);
    expect(await badge('generation-10', 'embeddings.npy')).toBe('1, \u2193\u2193');
    expect(await badge('generation-0')).toBe('');
    await session.screenshot('explorer badges');
  });

  test('a checkpoint is pinned as the baseline, and the entries of others stay', async () => {
    const { workbench } = session;
    await workbench.command('Sigma: Show Model Health');
    await workbench.choose(row(/^generation-9,/), 'Pin as Baseline');
    await row(/^generation-9, .*baseline/).waitFor(patience);
    expect(setting()).toEqual(['runs', { path: 'other' }, { path: 'runs/exp1', baseline: 'generation-9' }]);
    session.configure({ 'sigma.runs': ['runs', { path: 'other' }] });
    await row(/^generation-0, .*baseline/).waitFor(patience);
    await row(/runs\/exp1, Collaps/).waitFor(patience);
  });

  test('a muted run has no badge and no problem, until it is unmuted', async () => {
    const { workbench } = session;
    const problems = (await workbench.problems()).filter({ hasText: 'runs/exp1' });
    await problems.first().waitFor(patience);
    await workbench.choose(row(/runs\/exp1, Collaps/), 'Mute This Run');
    await row(/runs\/exp1, Collaps.*muted/).waitFor(patience);
    await problems.first().waitFor({ state: 'hidden' });
    await session.screenshot('model health muted');
    await workbench.choose(row(/runs\/exp1, Collaps/), 'Unmute This Run');
    await problems.first().waitFor(patience);
  });
});
