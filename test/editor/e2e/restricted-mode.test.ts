import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { noise, writeNpy } from '../harness/files';
import { Panel } from '../harness/panel';
import { ANALYZE, EditorSession } from '../harness/session';

describe.skipIf(findChromium() === null)('Restricted Mode', () => {
  let session: EditorSession;

  beforeAll(async () => {
    session = await EditorSession.start((folder) => writeNpy(path.join(folder, 'rows.npy'), 500, 32, noise(500 * 32, 1)), { trust: false });
  });
  afterAll(() => session?.stop());
  afterEach((context) => session.explainFailure(context));

  test('nothing runs by itself, and a file is analysed when a person asks for it', async () => {
    const { workbench } = session;
    await workbench.page.getByRole('button', { name: /^Restricted Mode/ }).waitFor();
    await (await workbench.explorerItem('rows.npy')).dblclick();
    await workbench.tab('rows.npy').waitFor();
    expect(session.enginePids()).toEqual([]);
    await workbench.choose(await workbench.explorerItem('rows.npy'), ANALYZE);
    const panel = new Panel(workbench);
    await panel.finished();
    expect(await panel.quantity('Effective rank')).toBeGreaterThan(1);
  });
});
